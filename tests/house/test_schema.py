"""The live schema of every database and its inventory say the same.

What is in no inventory is neither exported nor erased, so nothing may be in none.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import asyncpg
import pytest
import pytest_asyncio

from services import registry
from shared.database import apply_schemas
from shared.inventory import PLUMBING, Inventory, Kind, Root, Table
from shared.inventory.model import SUBJECT, SUBJECT_ID
from shared.saga.tables import VERIFIER
from shared.settings import Settings

UNCOMPRESSED = {b"e", b"p"}  # external or plain: a byte search sees the value


@dataclass(frozen=True)
class Live:
    """One database as it is, and what its inventory says."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    inventory: Inventory

    def tables(self, *kinds: Kind) -> list[Table]:
        """Give the inventory's tables of these kinds."""
        return [each for each in self.inventory.all_tables.values() if each.kind in kinds]


def _databases() -> list[str]:
    services = registry.with_database()
    verifiers = [f"{each.name}_verifier" for each in services if each.participant]
    return [each.name for each in services] + verifiers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def applied(settings: Settings) -> Settings:
    """Bring every database of an installation up."""
    await apply_schemas(settings, registry.schemas())
    return settings


@pytest_asyncio.fixture(params=_databases(), loop_scope="session")
async def live(request: pytest.FixtureRequest, applied: Settings) -> AsyncIterator[Live]:
    """Connect to one database as its owner."""
    name: str = request.param
    inventories = {each.name: each.inventory for each in registry.with_database()}
    inventory = inventories.get(name) or Inventory(name, VERIFIER, kernel=PLUMBING)
    connection = await asyncpg.connect(applied.database_url(name, "owner"))
    yield Live(connection, inventory)
    await connection.close()


async def live_columns(live: Live) -> dict[str, set[str]]:
    """Give every column of every relation; days of the inbox stand for themselves in it."""
    rows = await live.connection.fetch(
        """
        select c.relname, a.attname
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          join pg_catalog.pg_attribute a on a.attrelid = c.oid
         where c.relkind in ('r', 'p', 'v', 'm', 'f')
           and not c.relispartition
           and a.attnum > 0
           and not a.attisdropped
           and n.nspname not in ('pg_catalog', 'information_schema')
           and n.nspname !~ '^pg_toast'
        """
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["relname"], set()).add(row["attname"])
    return found


@pytest.mark.rule("R-POL-05")
async def test_every_column_stands_in_the_inventory(live: Live) -> None:
    declared = {name: set(table.columns) for name, table in live.inventory.all_tables.items()}
    there = await live_columns(live)

    missing = difference(there, declared)
    stale = difference(declared, there)
    assert not missing, (
        "say in inventory.py what the column holds, why, how long, and what erasure does to it"
    )
    assert not stale, "take out of inventory.py what the schema does not have"


def difference(left: Mapping[str, set[str]], right: Mapping[str, set[str]]) -> list[str]:
    """Give the columns of one that the other has not."""
    return sorted(
        f"{table}.{column}"
        for table, columns in left.items()
        for column in columns - right.get(table, set())
    )


async def test_a_slice_table_dies_with_its_subject(live: Live) -> None:
    rows = await live.connection.fetch(
        """
        select f.conrelid::regclass::text as child, f.confrelid::regclass::text as parent,
               f.confdeltype = 'c' as cascades, f.convalidated and a.attnotnull as always,
               a.attname as column
          from pg_catalog.pg_constraint f
          join pg_catalog.pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
         where f.contype = 'f'
        """
    )
    hanging = {
        row["child"]
        for row in rows
        if (row["parent"], row["column"], row["cascades"]) == (SUBJECT, SUBJECT_ID, True)
    }
    slices = {table.name for table in live.tables(Kind.SLICE)} - {SUBJECT}

    assert slices <= hanging, "write: subject_id uuid not null references subject on delete cascade"
    assert hanging <= slices, "make it a slice table in inventory.py: it hangs on subject"
    others = {
        (row["child"], row["parent"])
        for row in rows
        if row["child"] in slices and row["parent"] in slices
    }
    declared = {
        (table.name, parent) for table in live.tables(Kind.SLICE) for parent in table.references
    }
    assert others == declared, "say in inventory.py `references=(...)`: erasure goes by it"


@pytest.mark.rule("R-ACC-08")
async def test_no_statistics_are_kept_of_anything_personal(live: Live) -> None:
    rows = await live.connection.fetch(
        """
        select a.attrelid::regclass::text as relation, a.attname as column,
               a.attstattarget as target, a.attstorage as storage
          from pg_catalog.pg_attribute a
          join pg_catalog.pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'public'::regnamespace
           and a.attnum > 0
        """
    )
    columns = {(row["relation"], row["column"]): row for row in rows}
    personal = [
        (table.name, column)
        for table in live.inventory.all_tables.values()
        for column in table.personal
    ]
    kept = [each for each in personal if columns[each]["target"] != 0]
    hidden = [each for each in personal if columns[each]["storage"] not in UNCOMPRESSED]

    assert not kept, "write: alter table ... alter column ... set statistics 0"
    assert not hidden, "write: alter table ... alter column ... set storage external"


async def test_no_index_or_extra_statistic_copies_anything_personal(live: Live) -> None:
    """An index on an expression has statistics of its own, and so have extended statistics."""
    names = [table.name for table in live.inventory.all_tables.values() if table.personal]
    expressions = await live.connection.fetch(
        """
        select i.indexrelid::regclass::text as index
          from pg_catalog.pg_index i
          join pg_catalog.pg_attribute a on a.attrelid = i.indexrelid
         where i.indrelid::regclass::text = any($1)
           and i.indexprs is not null
           and i.indkey[a.attnum - 1] = 0
           and a.attstattarget is distinct from 0
        """,
        names,
    )
    extended = await live.connection.fetch(
        """
        select stxname
          from pg_catalog.pg_statistic_ext
         where stxrelid::regclass::text = any($1)
        """,
        names,
    )

    assert not expressions, "write: alter index ... alter column ... set statistics 0"
    assert not extended, "drop it: extended statistics keep samples of personal values"


async def test_erasure_finds_a_subjects_rows_by_an_index(live: Live) -> None:
    rows = await live.connection.fetch(
        """
        select i.indrelid::regclass::text as relation
          from pg_catalog.pg_index i
          join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
         where a.attname = $1
        """,
        SUBJECT_ID,
    )
    roots = {
        table.name
        for table in live.tables(Kind.SLICE)
        if isinstance(table.columns.get(SUBJECT_ID), Root)
    }

    assert roots <= {row["relation"] for row in rows}, (
        "write: create index on ... (subject_id); erasure is 33 times slower without"
    )


async def test_restriction_holds_on_every_slice_table(live: Live) -> None:
    """Links and deadlines are free: see shared/database/restriction.py."""
    rows = await live.connection.fetch(
        "select relname from pg_catalog.pg_class where relrowsecurity"
    )
    slices = {table.name for table in live.tables(Kind.SLICE)} - {"token", "deadline"}

    assert {row["relname"] for row in rows} == slices, "run `expunge db apply`"
