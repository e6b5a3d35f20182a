"""`expunge staff ...`: who may work with which slice."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, TypeVar

import asyncpg
import typer

from shared.commands import AsJson, opened, print_answer, refuse, run
from shared.database import Transaction
from shared.desk.accounts import add_staff, list_staff, remove_staff

T = TypeVar("T")
Service = Annotated[str, typer.Argument(help="Service whose slice it is about.")]
Name = Annotated[str, typer.Argument(help="Name to sign in with: small letters, digits, hyphens.")]


def staff_commands(services: Sequence[str]) -> typer.Typer:
    """Build the commands for the services that have a desk."""
    app = typer.Typer(help="Staff: who may work with which slice.", no_args_is_help=True)

    def known(service: str) -> str:
        if service not in services:
            refuse(f"{service} has no desk; there are: {', '.join(services) or 'none'}.")
        return service

    @app.command("add")
    def add(service: Service, name: Name, *, as_json: AsJson = False) -> None:
        """Make an account; password and second factor are shown once."""
        print_answer(_added(known(service), name), as_json=as_json)

    @app.command("list")
    def names(service: Service, *, as_json: AsJson = False) -> None:
        """Name everybody who may work with a slice."""
        print_answer({"staff": run(_at(known(service), list_staff))}, as_json=as_json)

    @app.command("remove")
    def remove(service: Service, name: Name) -> None:
        """Delete an account; its sessions end at once."""
        if not run(_at(known(service), partial(remove_staff, name=name))):
            refuse("There is no account of that name.")

    return app


def _added(service: str, name: str) -> dict[str, str]:
    try:
        new = run(_at(service, partial(add_staff, name=name)))
    except asyncpg.UniqueViolationError:
        refuse("There is an account of that name.")
    except asyncpg.CheckViolationError:
        refuse("A name has 2 to 31 small letters, digits or hyphens and begins with a letter.")
    return {"name": new.name, "password": new.password, "second_factor": new.uri}


async def _at(service: str, work: Callable[[Transaction], Awaitable[T]]) -> T:
    async with opened(service) as database, database.begin() as tx:
        return await work(tx)
