"""What the commands of services have in common: a database for one call, one answer, refusals."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NoReturn, TypeVar

import orjson
import typer

from contracts.vocabulary import Role
from shared.clock import berlin_day, end_of_day
from shared.database import Database
from shared.keys import signer_for
from shared.settings import Settings

T = TypeVar("T")
WORDS = re.compile("[A-Za-z][A-Za-z_-]*")  # a name in our own words: not an id, not a time
LONGEST_HOLD = timedelta(days=40 * 366)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


@asynccontextmanager
async def opened(
    service: str, role: str = "app", *, signs: bool = False
) -> AsyncIterator[Database]:
    """Open a service's database for one command; `signs`: it may tell the others something."""
    settings = Settings.load()
    signer = signer_for(settings, service, Role.SERVICE) if signs else None
    database = await Database.connect(settings, service, role, signer=signer, size=3)
    try:
        yield database
    finally:
        await database.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Carry out one command's work."""
    return asyncio.run(work)


def print_answer(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one answer: a line for each value, or one JSON object; ids as commands take them."""
    if as_json:
        typer.echo(orjson.dumps(dict(answer), default=str).decode())
        return
    for name, value in answer.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        called = name.replace("_", " ").replace("-", " ") if WORDS.fullmatch(name) else name
        typer.echo(f"{called}: {shown}")


def refuse(sentence: str) -> NoReturn:
    """Say what the operator can mend, and end with exit code 1."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def end_of_hold(last_day: date) -> datetime:
    """Give the end (UTC) of a hold's last day, in Berlin; refuse one that is over or far away."""
    if not timedelta(0) <= last_day - berlin_day(datetime.now(UTC)) < LONGEST_HOLD:
        refuse("A hold needs a last day that is still to come, within forty years.")
    return end_of_day(last_day)
