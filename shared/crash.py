"""Named places where a process can be told to die, so that tests can kill it exactly there.

`EXPUNGE_CRASH_AT=relay:after-send` makes the process send itself SIGKILL the first time it
reaches that point: no handler runs, no connection is closed, nothing is rolled back politely.
`EXPUNGE_CRASH_AT=@FILE` lets a file name the point, read anew each time, so that a process that
already runs can be told; a file that is missing or empty kills nobody, and one that says
`freeze relay:after-send` stops the process there instead (SIGSTOP), as a paused machine does.
Without the variable `crash` does nothing. The variable is read when the first point is reached,
not at import: a process may be forked from one that had imported everything. The points are listed
in `POINTS` so that a misspelt one is an error there and not a test that never kills anybody.
"""

import os
import signal
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

VARIABLE: Final = "EXPUNGE_CRASH_AT"
FREEZE: Final = "freeze"
POINTS: Final = frozenset(
    {
        "web:after-commit",
        "relay:after-send",
        "relay:between-closed-and-erasure",
        "consumer:before-commit",
        "consumer:after-commit",
        "mailer:after-250",
        "verifier:before-commit",
        "scanner:before-commit",
        "certifier:before-commit",
        "certifier:after-commit",
        "log:before-checkpoint",
        "origin:before-alias-end",
        "watch:before-kept",
        "telling:before-commit",
        "telling:after-commit",
        "copies:before-commit",
        "dispatch:before-commit",
        "dispatch:after-commit",
        "keys:after-make",
        "keys:after-trust",
        "keys:after-publish",
        "keys:after-take-over",
        "witness:before-keep",
        "witness:after-keep",
    }
)


def _nothing(point: str) -> None:
    """Do nothing: no crash point is set."""


def _armed(wanted: str) -> Callable[[str], None]:
    """Return the `crash` that dies at `wanted`. Raises ValueError for a point nobody has."""
    if wanted not in POINTS:
        message = f"{VARIABLE} names no crash point; the points are: {', '.join(sorted(POINTS))}"
        raise ValueError(message)

    def die(point: str) -> None:
        if point == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


def _told_by(file: Path) -> Callable[[str], None]:
    """Return the `crash` that dies or freezes at the point that the file names at that moment."""

    def die(point: str) -> None:
        told = file.read_text("utf-8").strip() if file.is_file() else ""
        if told == point:
            os.kill(os.getpid(), signal.SIGKILL)
        elif told == f"{FREEZE} {point}":
            os.kill(os.getpid(), signal.SIGSTOP)

    return die


def crash(point: str) -> None:
    """Die here if this is the point that the variable names."""
    _chosen()(point)


@cache
def _chosen() -> Callable[[str], None]:
    return _from(os.environ.get(VARIABLE, ""))


def _from(variable: str) -> Callable[[str], None]:
    """Return the `crash` that the variable asks for."""
    if not variable:
        return _nothing
    return _told_by(Path(variable[1:])) if variable.startswith("@") else _armed(variable)
