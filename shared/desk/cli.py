"""`expunge staff ...`: who may work with which slice."""

from collections.abc import Sequence
from typing import Annotated

import asyncpg
import typer

from shared.commands import AsJson, opened, print_answer, refuse, run
from shared.desk.accounts import add_staff, list_staff, remove_staff

Service = Annotated[str, typer.Argument(help="Service whose slice it is about.")]
Name = Annotated[str, typer.Argument(help="Name to sign in with: small letters, digits, hyphens.")]


def staff_commands(services: Sequence[str]) -> typer.Typer:  # noqa: C901 - three commands
    """Build the commands for the services that have a desk."""
    app = typer.Typer(help="Staff: who may work with which slice.", no_args_is_help=True)

    def known(service: str) -> str:
        if service not in services:
            refuse(f"{service} has no desk; there are: {', '.join(services) or 'none'}.")
        return service

    @app.command("add")
    def add(service: Service, name: Name, *, as_json: AsJson = False) -> None:
        """Make an account; password and second factor are shown once."""

        async def work() -> dict[str, str]:
            async with opened(known(service)) as database, database.begin() as tx:
                new = await add_staff(tx, name)
            return {"name": new.name, "password": new.password, "second_factor": new.uri}

        try:
            print_answer(run(work()), as_json=as_json)
        except asyncpg.UniqueViolationError:
            refuse("There is an account of that name.")
        except asyncpg.CheckViolationError:
            refuse("A name has 2 to 31 small letters, digits or hyphens and begins with a letter.")

    @app.command("list")
    def names(service: Service, *, as_json: AsJson = False) -> None:
        """Name everybody who may work with a slice."""

        async def work() -> list[str]:
            async with opened(known(service)) as database, database.begin() as tx:
                return await list_staff(tx)

        print_answer({"staff": run(work())}, as_json=as_json)

    @app.command("remove")
    def remove(service: Service, name: Name) -> None:
        """Delete an account; its sessions end at once."""

        async def work() -> bool:
            async with opened(known(service)) as database, database.begin() as tx:
                return await remove_staff(tx, name)

        if not run(work()):
            refuse("There is no account of that name.")

    return app
