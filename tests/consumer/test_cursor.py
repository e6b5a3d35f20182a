"""Positions stand beside the effects: a stale owner fails, another log is refused."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import given
from hypothesis import strategies as st

from contracts.messages import ConsentGranted, ErasureRequested
from contracts.topics import CONSENT, ERASURE
from shared.consumer import cursor
from shared.consumer.cursor import (
    LAZY_OFFSETS,
    LAZY_SECONDS,
    Cursor,
    CursorOfAnotherLog,
    CursorOutsideLog,
    Log,
    StaleOwner,
    due,
    start_at,
)
from shared.consumer.lines import Reader
from shared.outbox.broker import identity
from shared.outbox.topics import apply
from tests.kernel import Bench, eventually, granted, note

HEARS = Reader("beta", [CONSENT.name], {ConsentGranted: note})
LOG = Log("cluster", "topic", 10, 20)


@given(st.integers(0, 30))
def test_a_position_is_used_inside_the_log_only(offset: int) -> None:
    stored = Cursor("cluster", "topic", offset)
    if 10 <= offset <= 20:
        assert start_at(stored, LOG) == offset
    else:
        with pytest.raises(CursorOutsideLog):
            start_at(stored, LOG)


@pytest.mark.parametrize("stored", [Cursor("other", "topic", 15), Cursor("cluster", "new", 15)])
def test_a_position_of_another_log_is_refused(stored: Cursor) -> None:
    with pytest.raises(CursorOfAnotherLog):
        start_at(stored, LOG)


def test_without_a_position_the_log_is_read_from_its_start() -> None:
    assert start_at(None, LOG) == LOG.begin


def test_a_position_that_moved_over_nothing_of_ours_is_written_now_and_then() -> None:
    moved = [
        due(0, 0, 0.0, LAZY_SECONDS),
        due(0, 1, 0.0, LAZY_SECONDS - 1),
        due(0, 1, 0.0, LAZY_SECONDS),
        due(0, LAZY_OFFSETS - 1, 0.0, 1.0),
        due(0, LAZY_OFFSETS, 0.0, 1.0),
    ]

    assert moved == [False, False, True, False, True]


async def test_a_stale_owner_changes_nothing(on: Bench) -> None:
    async with on.beta.begin() as tx:
        await cursor.begin(tx, "some.v1", 7, LOG)
        await cursor.advance(tx, "some.v1", 7, 10, 12)

    async def too_late() -> None:
        async with on.beta.begin() as tx:
            await tx.execute("insert into effect (about, kind, size) values ('stale', '', 1)")
            await cursor.advance(tx, "some.v1", 7, 10, 11)

    with pytest.raises(StaleOwner):
        await too_late()

    assert await on.effects("stale") == []
    async with on.beta.begin() as tx:
        assert await cursor.read(tx, "some.v1", 7) == Cursor("cluster", "topic", 12)


async def test_a_position_somebody_else_moved_is_read_again(on: Bench) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    async with on.consuming(HEARS):
        await on.say("alpha", granted(first))
        await on.await_effects(first)
        # Another owner has worked the next record already, as the group could not know.
        await on.rows(
            """
            update consumer_cursor set next_offset = next_offset + 1
             where topic = $1 returning 1
            """,
            CONSENT.name,
        )
        await on.say("alpha", granted(second))
        await on.say("alpha", granted(third))
        await on.await_effects(third)

    assert await on.effects(second) == []


async def test_records_that_concern_nobody_are_stored_at_the_end_only(on: Bench) -> None:
    deaf = Reader("beta", [ERASURE.name, CONSENT.name], {ErasureRequested: note})

    async def stored() -> int:
        rows = await on.rows(
            "select next_offset from consumer_cursor where topic = $1", CONSENT.name
        )
        return int(rows[0][0])

    before = await stored()
    async with on.consuming(deaf) as ready:
        await ready.wait()
        for _ in range(3):
            await on.say("alpha", granted())
        await asyncio.sleep(0.5)  # nothing can be awaited where nothing must happen
        during = await stored()
    assert (during, await stored()) == (before, before + 3)


async def test_a_topic_made_anew_is_refused(on: Bench) -> None:
    name, one = on.settings.topic(CONSENT.name), uuid4()
    async with on.consuming(HEARS):
        await on.say("alpha", granted(one))
        await on.await_effects(one)
    admin = AIOKafkaAdminClient(bootstrap_servers=on.settings.kafka)
    await admin.start()
    try:
        await admin.delete_topics([name])

        async def gone() -> bool:
            return name not in (await identity(admin._client, [name])).topic_ids

        await eventually(gone)
    finally:
        await admin.close()
    await apply(on.settings)

    async def start() -> None:
        async with on.consuming(HEARS) as ready:
            await ready.wait()

    with pytest.raises(CursorOfAnotherLog):
        await start()
