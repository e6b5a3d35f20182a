"""Ready means caught up, and a restored database is not."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from contracts.messages import ErasureRequested
from contracts.topics import CLOSED, CONSENT, ERASURE
from shared.consumer.lines import AnyLine, Reader
from shared.consumer.ready import NEVER, Ready, ready_until
from shared.database import Transaction
from tests.kernel import Bench, eventually, note, requested

TOPICS = [ERASURE.name, CONSENT.name, CLOSED.name]
HEARS = Reader("beta", TOPICS, {ErasureRequested: note})


async def vouched(on: Bench) -> bool:
    """Whether the web would find the service ready."""
    async with on.beta.begin() as tx:
        return await ready_until(tx) > datetime.now(UTC)


async def test_empty_topics_count_as_caught_up(on: Bench) -> None:
    assert not await vouched(on)
    async with on.consuming(HEARS) as ready:
        assert ready.catching_up
        await ready.wait()
        assert ready.reason is None
        assert await vouched(on)


async def test_what_was_there_at_the_start_is_worked_before_the_gate_opens(on: Bench) -> None:
    seen: dict[str, bool] = {}
    order: list[str] = []

    async def react(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        seen.update({line.event.subject: tx.catching_up for line in lines})
        order.extend(line.event.subject for line in lines)

    async def caught_up() -> None:
        order.append("caught up")

    old, new = uuid4(), uuid4()
    await on.say("rights", requested(old))
    reader = Reader("beta", TOPICS, {ErasureRequested: react})
    async with on.consuming(reader, on_caught_up=[caught_up]) as ready:
        await ready.wait()
        await on.say("rights", requested(new))

        async def both() -> bool:
            return len(seen) == 2

        await eventually(both)

    assert seen == {str(old): True, str(new): False}
    assert order == [str(old), "caught up", str(new)]


async def test_a_blocked_partition_keeps_the_gate_closed(on: Bench) -> None:
    tries = 0
    away = asyncio.Event()

    async def react(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        nonlocal tries
        tries += 1
        if not away.is_set():
            raise ConnectionError
        await note(tx, lines)

    one = requested()
    await on.say("rights", one)
    async with on.consuming(Reader("beta", TOPICS, {ErasureRequested: react})) as ready:

        async def tried_again() -> bool:
            return tries >= 3

        await eventually(tried_again)
        assert ready.catching_up
        away.set()
        await ready.wait()

    assert await on.effects(one.request_id) == [(str(one.request_id), "erasure-requested")]
    assert await on.parked(one.request_id) == []


async def copy_of(on: Bench) -> dict[str, list[Any]]:
    """Take a backup of what a dump would bring back."""
    return {
        table: await on.rows(f"select * from {table}")
        for table in ("lease", "consumer_cursor", "effect", "inbox")
    }


async def bring_back(on: Bench, backup: dict[str, list[Any]]) -> None:
    """Restore it, while everything runs: the hardest case."""
    async with on.beta.begin() as tx:
        for row in backup["lease"]:
            await tx.execute(
                "update lease set value = $2, until = $3 where name = $1",
                row["name"],
                row["value"],
                row["until"],
            )
        for row in backup["consumer_cursor"]:
            await tx.execute(
                "update consumer_cursor set next_offset = $3 where topic = $1 and partition = $2",
                row["topic"],
                row["partition"],
                row["next_offset"],
            )
        await tx.execute(
            "delete from effect where id <> all($1::bigint[])", [r["id"] for r in backup["effect"]]
        )
        await tx.execute(
            "delete from inbox where record_id <> all($1::bytea[])",
            [r["record_id"] for r in backup["inbox"]],
        )


async def test_a_restored_database_is_noticed_and_caught_up_again(on: Bench) -> None:
    restored, opened = asyncio.Event(), 0
    one = requested()

    async def on_restored() -> None:
        assert not await vouched(on)
        restored.set()

    async def on_caught_up() -> None:
        nonlocal opened
        opened += 1

    callbacks = {"on_restored": [on_restored], "on_caught_up": [on_caught_up]}
    async with on.consuming(HEARS, **callbacks) as ready:
        await ready.wait()
        backup = await copy_of(on)
        await on.say("rights", one)
        await on.await_effects(one.request_id)

        async def renewed_since() -> bool:
            now = {row["name"]: row["value"] for row in await on.rows("select * from lease")}
            return all(now[row["name"]] > row["value"] for row in backup["lease"])

        await eventually(renewed_since)
        await bring_back(on, backup)
        await asyncio.wait_for(restored.wait(), 30)
        await on.await_effects(one.request_id)
        await ready.wait()

    assert opened == 2
    assert await on.effects(one.request_id) == [(str(one.request_id), "erasure-requested")]


async def test_a_start_does_not_believe_what_an_earlier_process_vouched_for(on: Bench) -> None:
    async with on.consuming(HEARS) as ready:
        await ready.wait()
    async with on.beta.begin() as tx:
        await tx.execute("update lease set until = now() + interval '1 hour'")
        assert await ready_until(tx) > datetime.now(UTC)

    fresh = Ready(on.beta)
    await fresh.take((ERASURE.name, 0))

    async with on.beta.begin() as tx:
        assert await ready_until(tx) == NEVER
