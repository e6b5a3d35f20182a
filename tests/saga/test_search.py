"""The verifier's search finds what is left, however large the relation it stands in."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.database import Database
from shared.saga.catalogue import read_catalogue
from shared.saga.search import TINY_BYTES, Remains, _aside, _with_held, look
from tests.saga.shop import SHOP, Town

LEFT = (
    "create table left_over (one text, two text, id uuid, other uuid)",
    "create index on left_over (two)",
    "create index on left_over (other)",
)


async def _looked(here: Town, ids: set[UUID], addresses: set[str]) -> Remains:
    slice_ = await Database.connect(here.settings, SHOP, "verifier", size=1)
    try:
        async with slice_.begin() as tx:
            return await look(tx, ids, addresses)
    finally:
        await slice_.close()


@pytest.mark.parametrize("fillers", [0, 3_000])
async def test_every_column_is_searched_in_small_and_in_large_relations(
    here: Town, fillers: int
) -> None:
    left, gone = uuid4(), uuid4()
    address, nobody = here.somebody(), here.somebody()
    owner = await asyncpg.connect(here.settings.database_url(SHOP, "owner"))
    try:
        for statement in LEFT:
            await owner.execute(statement)
        await owner.execute(
            "insert into left_over select 'x' || n, 'y' || n, null, gen_random_uuid()"
            "  from generate_series(1, $1) n",
            fillers,
        )
        await owner.execute("insert into left_over values ($1, $1, $2, $2)", address, left)
        size = await owner.fetchval("select pg_relation_size('left_over')")
        remains = await _looked(here, {left, gone}, {address, nobody})
    finally:
        await owner.execute("drop table if exists left_over")
        await owner.close()

    assert (size > TINY_BYTES) is bool(fillers)
    assert (remains.ids, remains.addresses) == ({left: 2}, {address: [None, None]})


async def test_an_address_is_found_with_the_time_of_its_relationship(here: Town) -> None:
    address = here.somebody()
    await here.customer(address)

    remains = await _looked(here, set(), {address})

    (since,) = remains.addresses[address]
    assert since is not None


async def test_a_large_relation_is_not_read_once_for_each_address(here: Town) -> None:
    many = {here.somebody() for _ in range(50)}
    owner = await asyncpg.connect(here.settings.database_url(SHOP, "owner"))
    slice_ = await Database.connect(here.settings, SHOP, "verifier", size=1)
    try:
        await owner.execute("create table few_words (word text, other uuid)")
        await owner.execute("create index on few_words (word)")
        await owner.execute(
            "insert into few_words select 'w' || n % 2, gen_random_uuid()"
            "  from generate_series(1, 3000) n"
        )
        await owner.execute("analyze few_words")
        async with slice_.begin() as tx:
            await look(tx, set(), many)
            scans = await tx.fetchval(
                "select seq_scan from pg_stat_xact_user_tables where relname = 'few_words'"
            )
    finally:
        await slice_.close()
        await owner.execute("drop table if exists few_words")
        await owner.close()

    assert scans == 0


async def test_retained_rows_are_counted_by_index_however_many_there_are(here: Town) -> None:
    request = uuid4()
    async with here.shop.begin() as tx:
        await tx.executemany(
            """
            insert into held (hold_id, request_id, ground, reference, until, fields)
            values (gen_random_uuid(), $1, 'legal-obligation', 'ao-147-3', 'infinity', '{}')
            """,
            [(one,) for one in (request, *(uuid4() for _ in range(3_000)))],
        )
    slice_ = await Database.connect(here.settings, SHOP, "verifier", size=1)
    try:
        async with slice_.begin() as tx:
            remains = await look(tx, [], [], [request])
            counting = _with_held("", _aside(await read_catalogue(tx)))
            plan = [row[0] for row in await tx.fetch(f"explain {counting}", [], [request])]
    finally:
        await slice_.close()

    assert [list(one.values()) for one in remains.held.values()] == [[1]]
    assert not [line for line in plan if "Seq Scan" in line]
