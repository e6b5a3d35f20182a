"""Consuming for one service, from the start of its process to the end.

The group only says which partitions are this process's; the positions are in PostgreSQL.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.consumer.apply import passes_by_itself
from shared.consumer.keyring import Keys
from shared.consumer.lines import Reader
from shared.consumer.loop import BACK_OFF_SECONDS, FATAL, Loop, Rebalance
from shared.consumer.membership import Membership
from shared.consumer.patience import be_patient
from shared.consumer.ready import Ready
from shared.consumer.sharing import Shared
from shared.database import Database
from shared.logs import log
from shared.settings import Settings

FETCH_BYTES: Final = 4 * 1024 * 1024


async def consume(
    database: Database,
    settings: Settings,
    reader: Reader,
    ready: Ready,
    *,
    keys: Keys,
    shared: Shared | None = None,
) -> None:
    """Consume for one service until cancelled.

    `database` is of the role that makes the effects (`eraser`; `app` of a verifier), with a
    signer; `shared` is common to the readers of one process. Waits for the broker as long as it
    takes, `ready.reason` says so. Raises CursorOutsideLog, CursorOfAnotherLog and
    RegisterUnreadable: an operator must decide.
    """
    places = [
        (topic, number)
        for topic in reader.topics
        for number in range(settings.partitions_of(topic))
    ]
    await _expect(ready, places)
    async with _started(settings, reader, ready) as consumer:
        loop = Loop(database, settings, reader, ready, keys, consumer, shared)
        topics = [settings.topic(topic) for topic in reader.topics]
        consumer.subscribe(topics=topics, listener=Rebalance(loop))
        ready.reason = "catching-up"
        try:
            while True:
                await loop.step()
        except FATAL as error:
            ready.reason = type(error).__name__
            log.critical("consumer-stops", service=reader.service, error=error)
            raise
        finally:
            await loop.give_up(list(loop.owned))


async def _expect(ready: Ready, places: Sequence[tuple[str, int]]) -> None:
    """Announce the partitions, however long the database is away."""
    tries = 0
    while True:
        try:
            await ready.expect(places)
        except Exception as error:
            if not passes_by_itself(error):
                raise
            log.warning("database-away", service=ready.database.service, error=error)
            await asyncio.sleep(BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)])
            tries += 1
        else:
            return


@contextlib.asynccontextmanager
async def _started(
    settings: Settings, reader: Reader, ready: Ready
) -> AsyncIterator[AIOKafkaConsumer]:
    """Start the client, however long the broker is away."""
    tries = 0
    while True:
        consumer = _consumer(settings, reader)
        try:
            await consumer.start()
            be_patient(consumer)
            break
        except (KafkaError, OSError) as error:
            ready.reason = "broker-away"
            log.warning("broker-away", service=reader.service, error=error)
            await consumer.stop()
            await asyncio.sleep(BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)])
            tries += 1
        except asyncio.CancelledError:
            await consumer.stop()
            raise
    try:
        yield consumer
    finally:
        await consumer.stop()


def _consumer(settings: Settings, reader: Reader) -> AIOKafkaConsumer:
    membership = Membership.load()
    options: dict[str, Any] = {}
    if membership.member:
        options["group_instance_id"] = f"{settings.group(reader.service)}-{membership.member}"
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        group_id=settings.group(reader.service),
        enable_auto_commit=False,
        auto_offset_reset="none",
        session_timeout_ms=membership.session_ms,
        heartbeat_interval_ms=membership.heartbeat_ms,
        max_partition_fetch_bytes=FETCH_BYTES,
        **options,
    )
