"""`expunge disclosures`: what was passed on to whom, and what recipients answered (Art. 19)."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from services import registry
from shared.commands import AsJson, opened, print_answer, refuse, run
from shared.disclosure import configured_recipients, disclosed_of, told_of

disclosures = typer.Typer(
    help="What was passed on to whom, and what recipients answered.", no_args_is_help=True
)
Service = Annotated[str, typer.Argument(help="Service whose slice it is about.")]
Subject = Annotated[UUID, typer.Argument(help="Id of the relationship, as the desk shows it.")]
Request = Annotated[UUID, typer.Argument(help="Id of the erasure's request.")]


@disclosures.command("list")
def listed(service: Service, subject: Subject, *, as_json: AsJson = False) -> None:
    """List what was passed on about one relationship and has not ended; names nobody."""
    if service not in (holders := registry.participants()):
        refuse(f"{service} holds nothing; there are: {', '.join(holders)}.")
    _print(run(_of_subject(service, subject)), as_json=as_json)


@disclosures.command("told")
def told(request: Request, *, as_json: AsJson = False) -> None:
    """List whom every service told of an erasure, and what they answered."""
    _print(run(_of_request(request)), as_json=as_json)


async def _of_subject(service: str, subject: UUID) -> list[dict[str, Any]]:
    async with opened(service) as database, database.begin() as tx:
        return [_plain(service, one) for one in await disclosed_of(tx, subject)]


async def _of_request(request: UUID) -> list[dict[str, Any]]:
    found = []
    for service in registry.participants():
        async with opened(service, "eraser") as database, database.begin() as tx:
            found += [_plain(service, one) for one in await told_of(tx, request)]
    return found


def _plain(service: str, line: Any) -> dict[str, Any]:
    known = configured_recipients().get(line.recipient)
    called = known.name if known else line.recipient
    return {"service": service, **dataclasses.asdict(line), "recipient": called}


def _print(lines: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_answer({"lines": lines}, as_json=True)
        return
    for line in lines:
        shown = {name: value for name, value in line.items() if value is not None}
        print_answer(shown, as_json=False)
        typer.echo("")
    if not lines:
        typer.echo("Nothing was passed on.")
