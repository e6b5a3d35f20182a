"""Mailed links: one purpose, one use, an end; looking never uses one."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from shared.database import Database
from shared.errors import UnknownToken
from shared.web import TokenState, find_token, new_token, require_caught_up, use_token
from shared.web.problems import NotCaughtUp


async def make(database: Database, *purposes: str, hours: int = 1) -> tuple[UUID, list[str]]:
    """Make a subject with one token for each purpose."""
    subject_id = uuid4()
    async with database.begin() as tx:
        await tx.execute("insert into subject (subject_id) values ($1)", subject_id)
        ends_at = tx.now + timedelta(hours=hours)
        return subject_id, [await new_token(tx, subject_id, one, ends_at) for one in purposes]


async def use(database: Database, token: str, purpose: str) -> UUID | None:
    """Use a token in a transaction of its own; None if it was refused."""
    try:
        async with database.begin() as tx:
            return await use_token(tx, token, purpose)
    except UnknownToken:
        return None


async def test_a_token_works_once(database: Database) -> None:
    subject_id, [token] = await make(database, "confirm")

    first, second = await use(database, token, "confirm"), await use(database, token, "confirm")

    assert (first, second) == (subject_id, None)


async def test_of_many_clicks_at_once_one_wins(database: Database) -> None:
    subject_id, tokens = await make(database, *["confirm"] * 8)

    found = await asyncio.gather(*(use(database, one, "confirm") for one in tokens * 3))

    assert [one for one in found if one] == [subject_id]


async def test_a_click_that_waits_for_another_one_loses(database: Database) -> None:
    subject_id, [first, second] = await make(database, "confirm", "confirm")

    async with database.begin() as tx:
        won = await use_token(tx, first, "confirm")
        waiting = asyncio.create_task(use(database, second, "confirm"))
        async with database.begin() as looking:
            while not await looking.fetchval(  # noqa: ASYNC110 - only PostgreSQL knows
                "select exists (select from pg_locks where not granted)"
            ):
                await asyncio.sleep(0.01)

    assert (won, await waiting) == (subject_id, None)


async def test_using_one_link_voids_the_older_ones_and_asking_voids_none(
    database: Database,
) -> None:
    subject_id, [first, second, other] = await make(database, "confirm", "confirm", "unsubscribe")

    assert await use(database, first, "confirm") == subject_id
    assert await use(database, second, "confirm") is None
    assert await use(database, other, "unsubscribe") == subject_id


async def test_a_token_has_one_purpose(database: Database) -> None:
    _, [token] = await make(database, "confirm")

    assert await use(database, token, "unsubscribe") is None


async def test_a_token_ends(database: Database) -> None:
    _, [token] = await make(database, "confirm", hours=0)

    assert await use(database, token, "confirm") is None


async def test_looking_uses_nothing_and_tells_used_from_unknown(database: Database) -> None:
    subject_id, [token] = await make(database, "confirm")

    async with database.begin() as tx:
        live = await find_token(tx, token, "confirm")
        unknown = await find_token(tx, token, "unsubscribe")
    used_by = await use(database, token, "confirm")
    async with database.begin() as tx:
        used = await find_token(tx, token, "confirm")

    assert live == (TokenState.LIVE, subject_id)
    assert unknown == (TokenState.UNKNOWN, None)
    assert used_by == subject_id
    assert used == (TokenState.USED, subject_id)


async def test_the_database_holds_no_token(database: Database) -> None:
    _, [token] = await make(database, "confirm")

    async with database.begin() as tx:
        stored = await tx.fetch("select t::text as row from token t")

    assert stored
    assert not any(token in row["row"] for row in stored)
    assert len(token) == 43


@pytest.mark.parametrize("token", ["", "a", "../../etc", "é" * 43, "a" * 43 + "\n", "%00" * 14])
async def test_what_cannot_be_a_token_is_unknown(database: Database, token: str) -> None:
    assert await use(database, token, "confirm") is None


async def test_personal_pages_wait_until_everything_is_caught_up(database: Database) -> None:
    async def ask(until: str) -> bool:
        async with database.begin() as tx:
            await tx.execute("delete from lease")
            await tx.execute(
                f"insert into lease (name, value, until) values ('ready/a/0', 1, {until})"
            )
            try:
                await require_caught_up(tx)
            except NotCaughtUp:
                return False
            return True

    assert not await ask("now() - interval '1 second'")
    assert await ask("now() + interval '1 minute'")
