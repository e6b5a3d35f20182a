"""The relay sends every row at least once, in order, and deletes what was acknowledged only."""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.messages import SubjectsClosed
from contracts.proof import Proof, Record, check
from contracts.topics import CLOSED, CONSENT, ERASURE
from shared.keys import load_ring
from shared.outbox import relay as relay_room
from shared.outbox.relay import Row
from tests.kernel import Bench, eventually, granted, receipt
from tests.processes import ended, fork


async def written(on: Bench, *messages: Any) -> None:
    """Commit an effect of alpha that says something."""
    async with on.alpha.begin() as tx:
        tx.tell(*messages)


async def in_outbox(on: Bench) -> int:
    async with on.alpha.begin() as tx:
        return int(await tx.fetchval("select count(*) from outbox"))


async def emptied(on: Bench) -> None:
    async def is_empty() -> bool:
        return await in_outbox(on) == 0

    await eventually(is_empty)


async def on_topic(on: Bench, topic: str) -> list[tuple[Record, Proof]]:
    """Read a topic from its start to its present end."""
    place = TopicPartition(on.settings.topic(topic), 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=on.settings.kafka)
    await consumer.start()
    found = []
    try:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            for record in (await consumer.getmany(timeout_ms=200)).get(place, []):
                proof = Proof.from_headers(record.headers)
                read = Record.from_value(topic, 0, proof.type, record.key, record.value)
                found.append((read, proof))
    finally:
        await consumer.stop()
    return found


async def subjects(on: Bench) -> list[str]:
    """Ids of the consents on the topic, in order."""
    found = [record.key for record, _ in await on_topic(on, CONSENT.name)]
    return [key.decode().partition("/")[0] for key in found if key]


async def test_what_was_told_arrives_in_order_and_provable(on: Bench) -> None:
    ids = [uuid4() for _ in range(120)]
    await written(on, *[granted(one) for one in ids[:60]])
    async with on.relaying():
        await written(on, *[granted(one) for one in ids[60:]])
        await emptied(on)

    found = await on_topic(on, CONSENT.name)
    ring = load_ring(on.settings)
    for record, proof in found:
        key = ring.find(proof.key_id)
        assert key is not None
        check(record, proof, key)
    ours = set(map(str, ids))
    assert [one for one in await subjects(on) if one in ours] == list(map(str, ids))


class LastIdSeen:
    """The mutant: a relay that asks for rows after the last id it sent."""

    def __init__(self) -> None:
        self.last = 0

    async def oldest(self, connection: Any) -> list[Row]:
        rows = await connection.fetch(
            """
            select id, topic, partition, key, value, headers
              from outbox where id > $1 order by id
            """,
            self.last,
        )
        self.last = max((row["id"] for row in rows), default=self.last)
        return [Row(*row) for row in rows]


async def slow_and_quick(on: Bench) -> tuple[str, str]:
    """Take an id in a slow transaction, commit a later id first; return both subjects."""
    slow, quick = uuid4(), uuid4()
    async with on.alpha.begin() as tx:
        tx.tell(granted(slow))
        await tx.flush()
        await written(on, granted(quick))

        async def quick_has_arrived() -> bool:
            return str(quick) in await subjects(on)

        await eventually(quick_has_arrived)
    return str(slow), str(quick)


async def test_a_slow_transaction_loses_nothing(on: Bench) -> None:
    async with on.relaying():
        slow, quick = await slow_and_quick(on)
        await emptied(on)

    assert {slow, quick} <= set(await subjects(on))


async def test_the_checker_catches_a_relay_with_an_id_cursor(
    on: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(relay_room, "oldest", LastIdSeen().oldest)
        async with on.relaying() as wake:
            slow, _ = await slow_and_quick(on)
            for _ in range(20):
                wake.event.set()
                await asyncio.sleep(0.02)
    assert slow not in await subjects(on)
    assert await in_outbox(on) == 1

    async with on.relaying():
        await emptied(on)
    assert slow in await subjects(on)


async def test_nothing_is_deleted_that_was_not_acknowledged(on: Bench) -> None:
    """A topic that does not exist cannot acknowledge; the row behind it waits too."""
    one = uuid4()
    async with on.alpha.begin() as tx:
        await tx.execute(
            "insert into outbox (topic, partition, value, headers) values ('none.v1', 0, 'x', '')"
        )
        tx.tell(granted(one))
    relay_room_request = relay_room.REQUEST_MS
    relay_room.REQUEST_MS = 500  # type: ignore[misc]
    try:
        async with on.relaying():
            await asyncio.sleep(2.0)  # several tries; nothing may happen
            assert await in_outbox(on) == 2
            await delete_wrong_topic(on)
            await emptied(on)
    finally:
        relay_room.REQUEST_MS = relay_room_request  # type: ignore[misc]
    assert str(one) in await subjects(on)


async def delete_wrong_topic(on: Bench) -> None:
    connection = await asyncpg.connect(on.settings.database_url("alpha", "owner"))
    await connection.execute("delete from outbox where topic = 'none.v1'")
    await connection.close()


async def test_one_relay_works_and_the_other_takes_over(on: Bench) -> None:
    async with on.relaying(), on.relaying():

        async def holders() -> Sequence[Any]:
            return await rows_as_admin(
                on,
                """
                select l.pid from pg_locks l join pg_database d on d.oid = l.database
                 where l.locktype = 'advisory' and d.datname = $1 and l.granted
                """,
            )

        (first,) = await eventually(holders)
        await rows_as_admin(on, "select pg_terminate_backend($2), $1", first["pid"])
        await written(on, granted())
        await emptied(on)
        (second,) = await eventually(holders)
    assert second["pid"] != first["pid"]


async def rows_as_admin(on: Bench, sql: str, *args: object) -> Sequence[Any]:
    connection = await asyncpg.connect(on.settings.admin_url())
    try:
        return await connection.fetch(sql, on.settings.database("alpha"), *args)
    finally:
        await connection.close()


async def relay_process(environment: dict[str, str], crash_at: str) -> int:
    """Run alpha's relay in a process of its own until it dies; return how it ended."""
    armed = {**environment, "EXPUNGE_CRASH_AT": crash_at}
    return await ended(fork(["relay"], armed, module="tests.kernel_process"))


@pytest.mark.kill
async def test_killed_between_send_and_delete_it_sends_again(
    on: Bench, environment: dict[str, str]
) -> None:
    one = uuid4()
    await written(on, granted(one))

    assert await relay_process(environment, "relay:after-send") == -signal.SIGKILL

    assert (await subjects(on)).count(str(one)) == 1
    assert await in_outbox(on) == 1
    async with on.relaying():
        await emptied(on)
    assert (await subjects(on)).count(str(one)) == 2


@pytest.mark.kill
async def test_what_was_closed_is_there_before_the_receipt(
    on: Bench, environment: dict[str, str]
) -> None:
    said, closed = receipt(), uuid4()
    async with on.alpha.begin() as tx:
        tx.tell(said)
        tx.tell(
            SubjectsClosed(
                receipt_id=said.receipt_id,
                request_id=None,
                attempt=0,
                number=1,
                of=1,
                subject_ids=(closed,),
            )
        )

    ended = await relay_process(environment, "relay:between-closed-and-erasure")

    assert ended == -signal.SIGKILL
    assert [record.type for record, _ in await on_topic(on, CLOSED.name)] == ["subjects-closed"]
    assert await on_topic(on, ERASURE.name) == []
    async with on.relaying():
        await emptied(on)
    assert [record.type for record, _ in await on_topic(on, ERASURE.name)] == ["slice-erased"]


def test_no_point_is_reached_where_nothing_is_set() -> None:
    assert "EXPUNGE_CRASH_AT" not in os.environ
