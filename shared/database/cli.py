"""`expunge db`: bring the databases of an installation to the schema this version expects."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from shared.database.migrations import Schema, apply_schemas
from shared.settings import Settings


def db_commands(schemas: Sequence[Schema]) -> typer.Typer:
    """Make the sub-app for the services that the registry lists."""
    db = typer.Typer(help="Databases, roles and schemas.", no_args_is_help=True)

    @db.callback()
    def whole() -> None:
        """Databases, roles and schemas."""

    @db.command("apply")
    def apply_command(
        admin_url: Annotated[
            str | None,
            typer.Option(
                envvar="EXPUNGE_ADMIN_URL",
                help="URL of a role that may create databases and roles; "
                "the embedded PostgreSQL needs none.",
                show_default=False,
            ),
        ] = None,
    ) -> None:
        """Create databases and roles where absent and apply what is new. Safe to repeat."""
        fresh = asyncio.run(apply_schemas(Settings.load(), schemas, admin_url=admin_url))
        for name, files in fresh.items():
            typer.echo(f"{name}: {len(files)} new" if files else f"{name}: up to date")

    return db
