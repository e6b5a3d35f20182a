"""`expunge parked`: lines that a service set aside for a person to look at."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

import orjson
import typer

from shared.consumer import store
from shared.consumer.store import Parked
from shared.database import Database
from shared.settings import Settings

RELEASE_SECONDS: Final = 15.0
LOOK_EVERY_SECONDS: Final = 0.2
R = TypeVar("R")

parked = typer.Typer(
    help="Look at messages that were set aside, and let them go on.", no_args_is_help=True
)
Service = Annotated[str, typer.Argument(help="Name of the service.")]
About = Annotated[str, typer.Argument(help="Id of the request or consent.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
Role = Annotated[str, typer.Option(help="Database role; app for a verifier.")]


@parked.command("list")
def list_parked(service: Service, *, as_json: AsJson = False, role: Role = "eraser") -> None:
    """List what is parked, in the order of the log."""
    rows = _run(service, role, _all)
    for row in rows:
        typer.echo(_json(row) if as_json else _text(row))
    if not rows and not as_json:
        typer.echo("nothing is parked")


@parked.command("show")
def show(service: Service, about: About, *, as_json: AsJson = False, role: Role = "eraser") -> None:
    """Show the parked lines of one id with their records."""

    async def of_id(database: Database) -> list[Parked]:
        async with database.begin() as tx:
            return await store.parked(tx, about)

    rows = _run(service, role, of_id)
    for row in rows:
        typer.echo(_json(row, whole=True) if as_json else _text(row))
        if not as_json:
            typer.echo(row.record_value.decode(errors="replace"))
    if not rows:
        typer.echo("nothing is parked about this id", err=True)
        raise typer.Exit(1)


@parked.command("release")
def release(
    service: Service, about: About, *, as_json: AsJson = False, role: Role = "eraser"
) -> None:
    """Let the running worker work the lines of one id again, in order."""

    async def ask(database: Database) -> tuple[int, list[Parked]]:
        async with database.begin() as tx:
            count = await store.ask_release(tx, about)
        return count, await _left(database, about) if count else []

    count, left = _run(service, role, ask)
    released = count - len(left)
    if as_json:
        typer.echo(orjson.dumps({"released": released, "left": len(left)}).decode())
    elif count == 0:
        typer.echo("nothing is parked about this id", err=True)
    elif left and any(row.release_asked_at is not None for row in left):
        typer.echo("no worker answered: is it running?", err=True)
    elif left:
        typer.echo(f"they failed again: {left[0].error}", err=True)
    else:
        typer.echo(f"released {released}")
    if count == 0 or left:
        raise typer.Exit(1)


async def _all(database: Database) -> list[Parked]:
    async with database.begin() as tx:
        return await store.parked(tx)


async def _left(database: Database, about: str) -> list[Parked]:
    """Wait for the worker's answer; return what is still parked."""
    end = time.monotonic() + RELEASE_SECONDS
    while True:
        async with database.begin() as tx:
            rows = await store.parked(tx, about)
        answered = all(row.release_asked_at is None for row in rows)
        if answered or time.monotonic() > end:
            return rows
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _run(service: str, role: str, ask: Callable[[Database], Awaitable[R]]) -> R:
    """Open the service's database for one question."""

    async def run() -> R:
        database = await Database.connect(Settings.load(), service, role, size=1)
        try:
            return await ask(database)
        finally:
            await database.close()

    return asyncio.run(run())


def _text(row: Parked) -> str:
    return (
        f"{row.parked_at:%Y-%m-%d %H:%M:%S}Z  {row.error}  about {row.about_id or '(unreadable)'}  "
        f"{row.topic}/{row.partition}@{row.offset} line {row.line}"
    )


def _json(row: Parked, *, whole: bool = False) -> str:
    """Lay a row out as JSON; the record only where it was asked for."""
    fields: dict[str, object] = {
        "parked_id": row.parked_id,
        "about": row.about_id,
        "error": row.error,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.offset,
        "line": row.line,
        "parked_at": row.parked_at,
        "release_asked_at": row.release_asked_at,
    }
    if whole:
        fields["record"] = row.record_value.decode(errors="replace")
        fields["headers"] = {name: value.hex() for name, value in row.headers}
    return orjson.dumps(fields).decode()
