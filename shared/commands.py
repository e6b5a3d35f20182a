"""What the commands of services have in common: a database for one call, one answer, refusals."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, NoReturn, TypeVar

import orjson
import typer

from contracts.vocabulary import Role
from shared.database import Database
from shared.keys import signer_for
from shared.settings import Settings

T = TypeVar("T")
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
    """Print one answer: a line for each value, or one JSON object."""
    if as_json:
        typer.echo(orjson.dumps(dict(answer), default=str).decode())
        return
    for name, value in answer.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        typer.echo(f"{name.replace('_', ' ').replace('-', ' ')}: {shown}")


def refuse(sentence: str) -> NoReturn:
    """Say what the operator can mend, and end with exit code 1."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
