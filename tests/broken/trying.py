"""Try entry after entry in a copy of the tree: `__main__` starts it there.

Each run is a fork of this process, which has the libraries but nothing of the project in memory:
starting anew for each would take as long as the tests themselves.
"""

import contextlib
import dataclasses
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.broken.entries import Entry, read_entries
from tests.broken.judging import run_tests

TREE: Final = Path(__file__).parents[2]
WARM: Final = (
    *("aiokafka", "aiosmtplib", "argon2", "asyncpg", "babel", "dkim", "email_validator"),
    *("fastapi", "httpx2", "hypothesis", "jinja2", "limits", "markdown_it", "maxminddb"),
    *("nacl", "pydantic_settings", "pytest_asyncio", "structlog", "typer", "ua_parser", "uvicorn"),
)
# Tests of a whole installation or a browser take longest and come last.
SLOW: Final = ("tests/whole/", "tests/browser/", "tests/kill/")


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one entry: `seen` if every test it names failed for the right reason."""

    rule: str
    how: str
    seen: bool
    why: str
    seconds: float


def main(arguments: Sequence[str]) -> int:
    """Try the entries of the named rules, or all; return 1 if one was not seen."""
    rules = tuple(one for one in arguments if not one.startswith("-"))
    entries = [one for one in read_entries() if not rules or one.rule.startswith(rules)]
    say = sys.stderr if "--json" in arguments else sys.stdout
    if not entries:
        print("No entry is about such a rule.", file=say)
        return 1
    for name in WARM:
        importlib.import_module(name)
    with _stack():
        outcomes = []
        for number, entry in enumerate(sorted(entries, key=_cost), 1):
            outcomes.append(_try(entry))
            print(f"[{number}/{len(entries)}] {_line(outcomes[-1])}", file=say, flush=True)
    missed = [one for one in outcomes if not one.seen]
    if "--json" in arguments:
        sys.stdout.write(json.dumps([dataclasses.asdict(one) for one in outcomes], indent=2) + "\n")
    print(f"{len(outcomes) - len(missed)} of {len(outcomes)} were seen.", file=say)
    for one in missed:
        print(_line(one), file=say)
    return 1 if missed else 0


def _cost(entry: Entry) -> tuple[bool, str]:
    return any(one.startswith(SLOW) for one in entry.red), entry.red[0]


def _line(outcome: Outcome) -> str:
    colour = "red" if outcome.seen else f"NOT SEEN: {outcome.why};"
    return f"{outcome.rule} {colour} {outcome.how} ({outcome.seconds:.1f} s)"


@contextlib.contextmanager
def _stack() -> Iterator[None]:
    """Keep one stack running for all runs."""
    state = TREE / ".expunge" / "stack"
    state.mkdir(parents=True)
    description = state.with_suffix(".json")
    command = [sys.executable, "-m", "tests.running", str(state), str(description)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as stack:  # noqa: S603
        while not description.exists():
            if stack.poll() is not None:
                sys.exit("The stack did not start.")
            time.sleep(0.1)
        os.environ["STACK"] = str(description)
        yield  # leaving closes its standard input, which ends it


def _try(entry: Entry) -> Outcome:
    began = time.monotonic()
    path = TREE / entry.file
    text = path.read_text("utf-8")
    try:
        _write(path, entry.applied(text))
        why = run_tests(entry)
    except ValueError as error:
        why = str(error)
    finally:
        _write(path, text)
    return Outcome(entry.rule, entry.how, not why, why, round(time.monotonic() - began, 1))


def _write(path: Path, text: str) -> None:
    """Write a source file so that no compiled one of the same second and size is taken for it."""
    path.write_text(text, "utf-8")
    if path.suffix == ".py":
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
