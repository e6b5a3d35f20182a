"""Named places where a process can be told to die, so that tests can kill it exactly there.

`EXPUNGE_CRASH_AT=relay:after-send` makes the process send itself SIGKILL the first time it
reaches that point: no handler runs, no connection is closed, nothing is rolled back politely.
Without the variable `crash` is an empty function. The points are listed in `POINTS` so that a
misspelt one is an error at start and not a test that never kills anybody.
"""

import os
import signal
from collections.abc import Callable
from typing import Final

VARIABLE: Final = "EXPUNGE_CRASH_AT"
POINTS: Final = frozenset(
    {
        "web:after-commit",
        "relay:after-send",
        "relay:between-closed-and-erasure",
        "consumer:before-commit",
        "consumer:after-commit",
        "mailer:after-250",
        "verifier:before-commit",
        "certifier:before-commit",
        "certifier:after-commit",
        "origin:before-alias-end",
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


crash: Callable[[str], None] = (
    _armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else _nothing
)
