"""`expunge audit`: for whoever distrusts the ledger.

Exit codes: 0 everything holds; 1 something does not; 2 the command was given something that it
cannot use; 3 the entries or the log cannot be read to their end.
"""

import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer

from contracts.tlog.notes import VerifierKey
from contracts.trust import KeyRing, Trust
from services.erasure.audit.commands import (
    FOUND,
    KAFKA,
    From,
    Json,
    TrustFile,
    opened_source,
    progress,
    read_trust,
    run,
)
from services.erasure.audit.comparing import compare
from services.erasure.audit.export import export
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.logged import look_at_log
from services.erasure.audit.published import Published
from services.erasure.audit.reading import replay
from services.erasure.audit.report import as_json, as_text, report
from services.erasure.audit.verify import verify
from services.erasure.audit.watch import watch
from services.erasure.log.demanding import Demanded, read_keys, without
from shared.settings import Settings

KeptHead = Annotated[
    Path | None,
    typer.Option(help="A signed head of the log that you kept.", exists=True, dir_okay=False),
]
NOT_COSIGNED: Final = "the checkpoint is not cosigned by"

audit: Final = typer.Typer(
    help="Work out again, from the messages alone, what the ledger claims.", no_args_is_help=True
)


audit.command("watch")(watch)
audit.command("verify")(verify)


@audit.command("replay")
def replay_command(
    *,
    source: From = KAFKA,
    certificates: Annotated[
        str | None,
        typer.Option(help="Compare with certificates: `database`, or a folder of bundles."),
    ] = None,
    checkpoint: KeptHead = None,
    log: Annotated[
        str | None,
        typer.Option(
            help="The published log: its folder (`expunge log export`), or its address. "
            "Names the first leaf that differs from the topic."
        ),
    ] = None,
    witness: Demanded = None,
    trust: TrustFile = None,
    json: Json = False,
) -> None:
    """Read the topic from its start, check every signature, rebuild every saga.

    Exit 0 if nothing was found, 1 if something was, 2 for wrong arguments, 3 if the entries or
    the log cannot be read. The output is the same bytes on every machine.
    """
    settings = Settings.load()
    keys = read_trust(trust or settings.trust)
    notes = [checkpoint.read_bytes()] if checkpoint is not None else []
    work = _replay(
        settings,
        keys,
        witnesses=_demanded(witness, notes),
        source=source,
        certificates=certificates,
        notes=notes,
        log=log,
        json=json,
    )
    run(work)


def _demanded(witness: Sequence[str] | None, notes: Sequence[bytes]) -> list[VerifierKey]:
    if witness and not notes:
        message = "it is about the head that --checkpoint names"
        raise typer.BadParameter(message, param_hint="--witness")
    return read_keys(witness)


async def _replay(
    settings: Settings,
    keys: Trust,
    *,
    source: str,
    certificates: str | None,
    notes: Sequence[bytes],
    witnesses: Sequence[VerifierKey],
    log: str | None,
    json: bool,
) -> None:
    compared, logged = certificates is not None, log is not None or bool(notes)
    async with opened_source(settings, source) as entries:
        with progress("replay", entries) as advance:
            work = await replay(entries, KeyRing(keys), advance, compare=compared, log=logged)
    count = None if certificates is None else await compare(settings, work, certificates)
    with nullcontext() if log is None else closing(Published(log)) as published:
        look_at_log(work, keys, notes, published)
    for name in [name for note in notes for name in without(note, witnesses)]:
        work.findings.add(Finding(Kind.MISSING, f"{NOT_COSIGNED} {name}"))
    said = report(work, keys.root, compared=count)
    work.close()
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
        async with opened_source(Settings.load(), KAFKA) as source:
            with progress("export", source) as advance:
                return await export(source, file, advance)

    sys.stderr.write(f"{run(whole())} entries\n")
