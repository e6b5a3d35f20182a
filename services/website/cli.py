"""`expunge website ...`: what the operator of the site does."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from contracts.vocabulary import Ground
from services.website.incidents import Incident, hold_lines
from services.website.ingest import Ingested, Reading, ingest_file, ingest_stream
from services.website.networks import country_lookup, provider_lookup
from services.website.settings import SERVICE, configured
from shared.database import Database
from shared.parameters import duration
from shared.settings import Settings

STANDARD_INPUT = Path("-")
app = typer.Typer(help="Website: read access logs.", no_args_is_help=True)
complain = Console(stderr=True)


@app.callback()
def website() -> None:
    """Website: read access logs, keep what an incident needs."""


@app.command()
def ingest(
    file: Annotated[Path, typer.Argument(help="An access log in the combined format, or -.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read another server's access log; started again, it goes on where it was.

    Only the policy's ten items are kept, cleaned; everything else of a line is dropped here.
    """
    if file != STANDARD_INPUT and not file.is_file():
        typer.echo(
            "There is no such file. Give the path of an access log, or - to read what comes in.",
            err=True,
        )
        raise typer.Exit(1)
    size = None if file == STANDARD_INPUT else file.stat().st_size
    done = asyncio.run(_ingest(file, size, quiet=as_json))
    answer = {"stored": done.stored, "too_old": done.too_old, "unread": done.unread}
    if as_json:
        typer.echo(orjson.dumps(answer).decode())
        return
    for name, value in answer.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")


async def _ingest(file: Path, size: int | None, *, quiet: bool) -> Ingested:
    chosen = configured()
    reading = Reading(
        duration("LOG_TTL_TECHNICAL"),
        chosen.log_batch,
        country_lookup(chosen.country_database),
        provider_lookup(chosen.provider_database),
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    database = await Database.connect(Settings.load(), SERVICE, "eraser", size=2)
    try:
        with Progress(*columns, console=complain, disable=quiet) as bar:
            task = bar.add_task("lines", total=size)

            def show(done: Ingested) -> None:
                bar.update(task, completed=done.bytes, description=f"{done.lines:,} lines")

            if file == STANDARD_INPUT:
                return await ingest_stream(database, sys.stdin.buffer, reading, show)
            return await ingest_file(database, file, reading, show)
    finally:
        await database.close()


@app.command()
def hold(
    case: Annotated[str, typer.Argument(help="The incident's reference: a-z, 0-9 and -.")],
    *,
    since: Annotated[datetime, typer.Option(help="First moment, UTC.")],
    before: Annotated[datetime, typer.Option(help="First moment that is not held any more, UTC.")],
    until: Annotated[datetime, typer.Option(help="When the hold ends, UTC.")],
    ground: Annotated[Ground, typer.Option(help="Why it is kept.")] = Ground.LEGAL_CLAIMS,
    address: Annotated[
        list[str] | None, typer.Option(help="Only lines of these addresses.")
    ] = None,
) -> None:
    """Copy the technical lines of an incident aside, to an end; all others go at their time."""
    incident = Incident(case, ground, since, before, until, tuple(address or ()))
    typer.echo(f"held: {asyncio.run(_hold(incident))}")


async def _hold(incident: Incident) -> int:
    database = await Database.connect(Settings.load(), SERVICE, "eraser", size=1)
    try:
        async with database.begin() as tx:
            return await hold_lines(tx, incident)
    finally:
        await database.close()
