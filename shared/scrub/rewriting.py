"""Rewrite the tables that hold personal data, each under a lock that nobody waits for long."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.inventory import Inventory, Kind

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

# While we wait for a table, whoever comes after us waits too.
SESSION: Final = {"lock_timeout": "2000", "statement_timeout": "0"}  # milliseconds
PAUSE_S: Final = 0.5
WITHOUT_PERSONS: Final = frozenset({Kind.PLUMBING, Kind.AGGREGATE})
FIRST_NUMBER: Final = re.compile(r"\d+")

BUSY: Final = "busy"
STILL_SEEN: Final = "still-seen"
NOT_PERMITTED: Final = "not-permitted"


@dataclass(frozen=True, slots=True)
class Left:
    """A table that may still hold bytes of deleted rows, and why.

    `busy`: somebody held a lock; `still-seen`: an older transaction can still see deleted rows;
    `not-permitted`: this role may not maintain it.
    """

    database: str
    table: str
    why: str


def personal_tables(inventory: Inventory) -> list[str]:
    """Name the tables of a database with anything about a person in them, by its inventory."""
    tables = inventory.all_tables.values()
    return sorted(one.name for one in tables if one.kind not in WITHOUT_PERSONS)


async def rewrite(
    connection: "Connection", database: str, tables: Sequence[str], *, patience_s: float
) -> list[Left]:
    """Rewrite each table, trying again what is busy for `patience_s`; gives what is left.

    The connection is one of its own with the settings of `SESSION`, in no transaction; its role
    needs MAINTAIN on the tables.
    """
    until = time.monotonic() + patience_s
    waiting = [leaf for table in tables for leaf in await _leaves(connection, table)]
    while True:
        left = [
            Left(database, table, why)
            for table in waiting
            if (why := await _rewrite(connection, table))
        ]
        waiting = [one.table for one in left if one.why != NOT_PERMITTED]
        if not waiting or time.monotonic() > until:
            return left
        await asyncio.sleep(PAUSE_S)


async def _rewrite(connection: "Connection", table: str) -> str | None:
    """Rewrite one table with its indexes; gives why bytes of deleted rows may still be there.

    PostgreSQL refuses a table that the role may not maintain with a warning, and copies rows that
    an older transaction can still see without a word: so its report is read, and the file compared.
    """
    told: list[asyncpg.PostgresLogMessage] = []

    def hear(_: object, message: asyncpg.PostgresLogMessage) -> None:
        told.append(message)

    before = await _file_of(connection, table)
    connection.add_log_listener(hear)
    try:
        await connection.execute(f'vacuum (full, verbose) "{table}"')
    except asyncpg.LockNotAvailableError:
        return BUSY
    finally:
        connection.remove_log_listener(hear)
    if await _file_of(connection, table) == before:
        return NOT_PERMITTED
    return STILL_SEEN if any(map(_copied_dead_rows, told)) else None


async def _leaves(connection: "Connection", table: str) -> list[str]:
    """Name what holds a table's rows: its partitions, or the table itself."""
    rows = await connection.fetch(
        """
        select c.relname
          from pg_catalog.pg_class t
          join pg_catalog.pg_class c
            on c.oid = t.oid
            or c.oid in (select relid from pg_partition_tree(t.oid) where isleaf)
         where t.oid = to_regclass(quote_ident($1))
           and c.relkind = 'r'
         order by c.relname
        """,
        table,
    )
    return [row["relname"] for row in rows]


async def _file_of(connection: "Connection", table: str) -> int:
    number: int = await connection.fetchval(
        "select pg_relation_filenode(to_regclass(quote_ident($1)))", table
    )
    return number


def _copied_dead_rows(message: asyncpg.PostgresLogMessage) -> bool:
    """Read "12 dead row versions cannot be removed yet", in whichever language it is said."""
    number = FIRST_NUMBER.match(message.detail or "")
    return number is not None and int(number[0]) > 0
