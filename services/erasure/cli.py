"""`expunge verify` and `expunge audit`: for whoever was handed a certificate, and for auditors.

Exit codes: 0 everything holds; 1 something does not; 2 the command was given something that it
cannot use; 3 the entries cannot be read to their end.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from contracts import verify_bundle
from contracts.errors import BadTrust
from contracts.trust import KeyRing, Trust
from services.erasure.audit.broker import BrokerSource
from services.erasure.audit.comparing import compare
from services.erasure.audit.entries import Source, Unreadable
from services.erasure.audit.export import FileSource, export
from services.erasure.audit.heading import hold
from services.erasure.audit.replay import Replay, replay
from services.erasure.audit.report import as_json, as_text, report
from services.erasure.log.cli import log_commands
from services.erasure.printing.cli import certificate
from shared.logs import set_up_logs
from shared.settings import Settings

FOUND: Final = 1
USAGE: Final = 2
UNREADABLE: Final = 3
KAFKA: Final = "kafka"
PANEL: Final = "Check what others claim"
PROCESSES: Final = "Run one process"

audit = typer.Typer(
    help="Work out again, from the messages alone, what the ledger claims.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
TrustFile = Annotated[
    Path | None,
    typer.Option("--trust", help="trust.json from elsewhere; without it the installation's own."),
]


def commands(app: typer.Typer) -> None:
    """Add what this service brings to the command line."""
    app.command("verify", rich_help_panel=PANEL)(verify)
    app.add_typer(certificate, name="certificate", rich_help_panel=PANEL)
    app.add_typer(audit, name="audit", rich_help_panel=PANEL)
    app.add_typer(log_commands, name="log", rich_help_panel=PANEL)
    app.command("views", rich_help_panel=PROCESSES)(views)


def views(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Rebuild, compare, print and end; 1 if they differ.")
    ] = False,
) -> None:
    """Count live consents and requests from the log, and compare with their owners."""
    # Faust is loaded by this command alone.
    from services.erasure.views.cli import run  # noqa: PLC0415

    set_up_logs("views")
    code = run(Settings.load(), print_and_end=once)
    if code:
        raise typer.Exit(code)


def verify(
    bundle: Annotated[
        Path,
        typer.Argument(
            help="The certificate: a file that ends in .expunge.json.", exists=True, dir_okay=False
        ),
    ],
    *,
    trust: TrustFile = None,
    root: Annotated[
        str | None, typer.Option(help="The root key in hex, from a source you trust.")
    ] = None,
    nonce: Annotated[str | None, typer.Option(help="The person's secret, in hex.")] = None,
    json: Json = False,
) -> None:
    """Check a certificate offline: exit 0 if it holds, 1 if not, 2 if it is no bundle."""
    arguments = [str(bundle)]
    for name, value in (("--trust", trust), ("--root", root), ("--nonce", nonce)):
        arguments += [] if value is None else [name, str(value)]
    raise typer.Exit(verify_bundle.main([*arguments, *(["--json"] if json else [])]))


@audit.command("replay")
def replay_command(
    *,
    source: Annotated[
        str, typer.Option("--from", help="`kafka`, or a file written by `audit export`.")
    ] = KAFKA,
    certificates: Annotated[
        str | None,
        typer.Option(help="Compare with certificates: `database`, or a folder of bundles."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A signed head of the log that you kept.", exists=True, dir_okay=False),
    ] = None,
    trust: TrustFile = None,
    json: Json = False,
) -> None:
    """Read the topic from its start, check every signature, rebuild every saga.

    Exit 0 if nothing was found, 1 if something was, 2 for wrong arguments, 3 if the entries
    cannot be read. The output is the same bytes on every machine.
    """
    settings = Settings.load()
    keys = _trust(trust or settings.trust)
    work, compared = _run(_replay(settings, source, certificates, keys, log=checkpoint is not None))
    if checkpoint is not None:
        hold(work, checkpoint.read_bytes(), keys)
    said = report(work, keys.root, compared=compared)
    work.closed.close()
    sys.stdout.write((as_json(said) if json else as_text(said)) + "\n")
    raise typer.Exit(FOUND if work.findings.total else 0)


@audit.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(help="NDJSON: bytes, headers, offsets.")],
) -> None:
    """Write the topic to a file that `audit replay --from FILE` reads, without a broker.

    Exit 0 when it is complete, 3 if the entries cannot be read.
    """

    async def whole() -> int:
        async with BrokerSource(Settings.load()) as source:
            with _progress("export", source) as advance:
                return await export(source, file, advance)

    count = _run(whole())
    sys.stderr.write(f"{count} entries\n")


async def _replay(
    settings: Settings, source: str, certificates: str | None, keys: Trust, *, log: bool
) -> tuple[Replay, int | None]:
    async with _opened(settings, source) as entries:
        with _progress("replay", entries) as advance:
            ring, compared = KeyRing(keys), certificates is not None
            work = await replay(entries, ring, advance, compare=compared, log=log)
    return work, None if certificates is None else await compare(settings, work, certificates)


@asynccontextmanager
async def _opened(settings: Settings, source: str) -> AsyncIterator[Source]:
    if source != KAFKA:
        yield FileSource(Path(source))
        return
    async with BrokerSource(settings) as broker:
        yield broker


def _progress(what: str, source: Source) -> Any:
    return _Bar(what, sum(span.end - span.begin for span in source.spans))


class _Bar:
    """A bar on standard error, for people; nothing where nobody looks."""

    def __init__(self, what: str, total: int) -> None:
        console = Console(stderr=True)
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("entries"))
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return lambda count: self._bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _trust(path: Path) -> Trust:
    try:
        return Trust.from_json(path.read_bytes())
    except (OSError, BadTrust):
        sys.stderr.write(
            f"{path} is no list of keys that its root key signed: name another with --trust.\n"
        )
        raise typer.Exit(USAGE) from None


def _run(work: Awaitable[Any]) -> Any:
    async def awaited() -> Any:
        return await work

    try:
        return asyncio.run(awaited())
    except Unreadable as why:
        sys.stderr.write(f"{why}\n")
        raise typer.Exit(UNREADABLE) from None
