"""Before an origin forgets what a request was about, every column of every slice was looked at."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from contracts.messages import AliasesDestroyed, SliceFailed, SliceScanned, SliceVerified
from shared.database import Database
from shared.saga.catalogue import read_catalogue
from shared.saga.scan import scan, statement_of
from shared.saga.search import CannotLook, Remains, look
from tests.saga.shop import SHOP, Town
from tests.saga.test_saga import certified

# A kind of column, and how a value is written into it ($1 the address, $2 the id, both as text).
KINDS = {
    "text": "$1",
    "varchar(300)": "$1",
    "text[]": "array['x', $1]",
    "json": "json_build_object('to', json_build_array('x', $1))",
    "jsonb": "jsonb_build_object('a', jsonb_build_object('b', $1))",
    "jsonb not null": "jsonb_build_object($1, 1)",
    "bytea": "convert_to($1, 'UTF8')",
    "uuid": "$2::uuid",
    "uuid[]": "array[$2::uuid]",
    "text not null": "$2",
    "bytea not null": "uuid_send($2::uuid)",
}


async def owner(here: Town) -> asyncpg.Connection:
    return await asyncpg.connect(here.settings.database_url(SHOP, "owner"))


async def _scanned(here: Town, ids: set[UUID], addresses: set[str]) -> Remains:
    slice_ = await Database.connect(here.settings, SHOP, "verifier", size=1)
    try:
        async with slice_.begin() as tx:
            return await scan(tx, ids, addresses)
    finally:
        await slice_.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_whole_value_is_found_in_a_column_of_any_kind(here: Town, kind: str) -> None:
    address, subject = here.somebody(), uuid4()
    connection = await owner(here)
    try:
        await connection.execute(f"create table kept (value {kind})")
        await connection.execute(
            "do $$ begin execute $q$insert into kept values ("
            + KINDS[kind].replace("$1", f"'{address}'").replace("$2", f"'{subject}'")
            + ")$q$; end $$"
        )
        remains = await _scanned(here, {subject, uuid4()}, {address, here.somebody()})
    finally:
        await connection.execute("drop table if exists kept")
        await connection.close()

    found = [*remains.ids.items(), *remains.addresses.items()]
    assert found in ([(subject, 1)], [(address, [None])])


async def test_a_mention_in_a_sentence_of_somebody_else_is_theirs(here: Town) -> None:
    address = here.somebody()
    connection = await owner(here)
    try:
        await connection.execute("create table kept (value text)")
        await connection.execute(f"insert into kept values ('ask {address}, please')")
        remains = await _scanned(here, set(), {address})
    finally:
        await connection.execute("drop table if exists kept")
        await connection.close()

    assert remains == Remains({}, {})


async def test_a_kind_of_column_that_nobody_can_read_is_no_answer(here: Town) -> None:
    connection = await owner(here)
    try:
        await connection.execute("create table kept (value tsvector)")
        with pytest.raises(CannotLook):
            await _scanned(here, set(), {here.somebody()})
    finally:
        await connection.execute("drop table if exists kept")
        await connection.close()


async def test_only_the_kernels_own_tables_are_passed_over(here: Town) -> None:
    address = here.somebody()
    connection = await owner(here)
    try:
        await connection.execute("create schema aside")
        verifier = here.settings.role(SHOP, "verifier")
        await connection.execute(f'grant usage on schema aside to "{verifier}"')
        await connection.execute("create table aside.ephemeral (value text)")
        await connection.execute(f'grant select on aside.ephemeral to "{verifier}"')
        await connection.execute("insert into aside.ephemeral values ($1)", address)
        slice_ = await Database.connect(here.settings, SHOP, "verifier", size=1)
        async with slice_.begin() as tx:
            at_once = await look(tx, set(), {address})
        await slice_.close()
        remains = await _scanned(here, set(), {address})
    finally:
        await connection.execute("drop schema if exists aside cascade")
        await connection.close()

    assert at_once.addresses == remains.addresses == {address: [None]}


async def test_aliases_end_only_after_a_scan_that_finds_nothing(here: Town) -> None:
    """What a look at once cannot see keeps the origin from forgetting, until it is gone."""
    address = here.somebody()
    await here.customer(address)
    connection = await owner(here)
    await connection.execute("create table kept (value jsonb)")
    await connection.execute("insert into kept values (to_jsonb($1::text))", address)

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        (request,) = await here.request(address)
        await here.await_heard(request, SliceVerified)
        await here.await_heard(request, SliceVerified, "rights")
        await here.say("erasure", certified(request))
        at_once, left = await here.await_heard(request, SliceVerified, count=2)
        (failed,) = await here.await_heard(request, SliceFailed)
        kept = await here.heard(request, AliasesDestroyed, "rights")
        await connection.execute("drop table kept")
        await here.await_heard(request, AliasesDestroyed, "rights")

    await connection.close()
    assert (at_once.remaining, left.remaining, failed.error, kept) == (0, 1, "LeftOver", [])
    scans = {
        event.source
        for event in await here.events()
        if isinstance(event.message, SliceScanned) and request in event.message.request_ids
    }
    assert scans == {SHOP, "rights"}


async def test_each_value_is_compared_once_however_many_are_wanted(here: Town) -> None:
    connection = await owner(here)
    try:
        await connection.execute("create table kept (one text, two jsonb, three bytea)")
        slice_ = await Database.connect(here.settings, SHOP, "verifier", size=1)
        async with slice_.begin() as tx:
            relations = {each.oid: each for each in await read_catalogue(tx)}
            (kept,) = (each for each in relations.values() if each.name == "kept")
            rows = await tx.fetch(f"explain {statement_of(kept, relations)}", ["x"] * 4_000)
        await slice_.close()
    finally:
        await connection.execute("drop table if exists kept")
        await connection.close()

    plan = "\n".join(row[0] for row in rows)
    assert "hashed SubPlan" in plan
    assert "Join Filter" not in plan
