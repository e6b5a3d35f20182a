"""What the auditor's commands have in common: exit codes, options, a bar for people."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from contracts.errors import BadTrust
from contracts.trust import Trust
from services.erasure.audit.broker import BrokerSource
from services.erasure.audit.entries import Source, Unreadable
from services.erasure.audit.export import FileSource
from shared.settings import Settings

T = TypeVar("T")
FOUND: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 3
KAFKA: Final = "kafka"

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
From = Annotated[str, typer.Option("--from", help="`kafka`, or a file written by `audit export`.")]
TrustFile = Annotated[
    Path | None,
    typer.Option("--trust", help="trust.json from elsewhere; without it the installation's own."),
]


@contextmanager
def reading() -> Iterator[None]:
    """End the command with 3 if something cannot be read."""
    try:
        yield
    except Unreadable as why:
        sys.stderr.write(f"{why}\n")
        raise typer.Exit(UNREADABLE) from None


def run(work: Coroutine[Any, Any, T]) -> T:
    """Carry out a command's work; what cannot be read ends it with 3."""
    with reading():
        return asyncio.run(work)


def read_trust(path: Path) -> Trust:
    """Read a list of keys; one that its root key did not sign ends the command with 2."""
    try:
        return Trust.from_json(path.read_bytes())
    except (OSError, BadTrust):
        sys.stderr.write(
            f"{path} is no list of keys that its root key signed: name another with --trust.\n"
        )
        raise typer.Exit(USAGE) from None


@asynccontextmanager
async def opened_source(settings: Settings, source: str) -> AsyncIterator[Source]:
    """Open the broker's topic or an export. Raises Unreadable."""
    if source != KAFKA:
        yield FileSource(Path(source))
        return
    async with BrokerSource(settings) as broker:
        yield broker


class Bar:
    """A bar on standard error, for people; nothing where nobody looks."""

    def __init__(self, what: str, total: int, unit: str) -> None:
        """Say what is done, how much of it, of what."""
        console = Console(stderr=True)
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn(unit))
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return lambda count: self._bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def progress(what: str, source: Source) -> Bar:
    """Show how many of a source's entries were read."""
    return Bar(what, sum(span.end - span.begin for span in source.spans), "entries")
