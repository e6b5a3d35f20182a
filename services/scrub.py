"""`expunge scrub`: leave no byte of a deleted row in data files and write-ahead log (R-ACC-08)."""

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import asyncpg
import orjson
import typer

from contracts.topics import ERASURE_SERVICE
from services import registry
from services.erasure.store.checks import SCRUB
from services.evidence import keep
from shared.commands import AsJson, refuse, run
from shared.database import locks
from shared.inventory import PLUMBING, Inventory
from shared.saga.tables import VERIFIER
from shared.scrub.rewriting import SESSION, Left, personal_tables, rewrite
from shared.scrub.wal import recycle
from shared.settings import Settings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PATIENCE_S: Final = 60.0  # for one database, until what is busy is left for the next time


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What one scrub did. `wal` says why old write-ahead segments are still there, if they are."""

    databases: int
    tables: int
    left: tuple[Left, ...]
    wal: str | None

    @property
    def whole(self) -> bool:
        """Whether no byte of a row that was deleted before is left."""
        return not self.left and self.wal is None

    def as_json(self) -> dict[str, Any]:
        """Say it for programs: counts, names of our own tables, words of ours."""
        return {"whole": self.whole, **asdict(self)}


class AnotherScrub(Exception):  # noqa: N818 - says what is in the way
    """A scrub runs already."""


def scrub(
    *,
    patience: Annotated[
        float, typer.Option(help="Seconds to wait in each database for tables that are busy.")
    ] = PATIENCE_S,
    as_json: AsJson = False,
) -> None:
    """Rewrite all tables about persons and renew the write-ahead log.

    Each table is locked while it is rewritten: run it when little happens. Exit code 0: no byte of
    what was deleted before is left; 1: something is, and is named (run it again).
    """
    try:
        done = run(scrub_everything(Settings.load(), patience))
    except AnotherScrub:
        refuse("A scrub runs already: wait for its end.")
    if as_json:
        sys.stdout.write(orjson.dumps(done.as_json()).decode() + "\n")
    else:
        typer.echo(f"{done.tables} tables of {done.databases} databases rewritten")
        for one in done.left:
            typer.echo(f"left: {one.database}.{one.table}: {one.why}")
        typer.echo(f"write-ahead log: {done.wal or 'renewed'}")
    if not done.whole:
        raise typer.Exit(1)


async def scrub_everything(settings: Settings, patience_s: float = PATIENCE_S) -> Scrubbed:
    """Scrub every database of the installation, then the server's log; leaves evidence.

    The log comes last: it holds what the tables held while they were rewritten. Raises
    AnotherScrub, MissingSecret where this process may not have a database's password.
    """
    began_at = datetime.now(UTC)
    async with _connected(settings, ERASURE_SERVICE, "eraser") as ledger:
        if not await ledger.fetchval("select pg_try_advisory_lock($1)", locks.SCRUB):
            raise AnotherScrub
        left, databases, tables = [], 0, 0
        for service, role, inventory in scrubbed_databases():
            names = personal_tables(inventory)
            async with _connected(settings, service, role) as connection:
                left += await rewrite(connection, service, names, patience_s=patience_s)
            databases, tables = databases + 1, tables + len(names)
        done = Scrubbed(databases, tables - len(left), tuple(left), await recycle(ledger))
    await keep(SCRUB, began_at, done.as_json(), passed=done.whole)
    return done


def scrubbed_databases() -> Iterator[tuple[str, str, Inventory]]:
    """Give every database, the role that may maintain its tables, and what is in it."""
    for service in registry.with_database():
        assert service.inventory is not None  # noqa: S101 - it has a database
        yield service.name, "eraser", service.inventory
        if service.participant:
            verifier = f"{service.name}_verifier"
            yield verifier, "app", Inventory(verifier, VERIFIER, kernel=PLUMBING)


@contextlib.asynccontextmanager
async def _connected(settings: Settings, service: str, role: str) -> "AsyncIterator[Connection]":
    connection: Connection = await asyncpg.connect(
        settings.database_url(service, role), server_settings=SESSION
    )
    try:
        yield connection
    finally:
        await connection.close()
