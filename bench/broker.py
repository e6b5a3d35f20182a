"""The broker as raw code sees it: ends of topics, and records between two ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.messages import split_lines
from contracts.topics import ERASURE, TOPICS
from shared.settings import Settings

LIMIT_TOPIC = "bench-limit"
PARTITION = 0
BATCH_BYTES = 900 * 1024
READ_AT_ONCE = 2_000
POLL_MS = 500
Ends = Mapping[TopicPartition, int]
NO_HEADERS: list[tuple[str, bytes]] = []  # the client takes nothing but a list


@dataclass(frozen=True, slots=True)
class Said:
    """What a stretch of topics holds: messages (lines), records, bytes of all values."""

    messages: int
    records: int
    bytes: int


class Raw(NamedTuple):
    """A record as the broker has it."""

    value: bytes
    key: bytes | None = None
    headers: list[tuple[str, bytes]] = NO_HEADERS


async def make_limit_topic(settings: Settings) -> None:
    """Make the topic that only the limit writes to, configured as ours are."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        config = ERASURE.config(timedelta())
        await admin.create_topics([NewTopic(LIMIT_TOPIC, 1, 1, topic_configs=config)])
    finally:
        await admin.close()


def places(settings: Settings) -> list[TopicPartition]:
    """Name every partition of ours."""
    return [
        TopicPartition(settings.topic(name), partition)
        for name in TOPICS
        for partition in range(settings.partitions_of(name))
    ]


async def ends(settings: Settings) -> Ends:
    """Return the present end of every partition of ours."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await consumer.start()
    try:
        found: dict[TopicPartition, int] = await consumer.end_offsets(places(settings))
        return found
    finally:
        await consumer.stop()


def said(records: Sequence[Raw]) -> Said:
    """Count what these records hold."""
    messages = sum(len(split_lines(record.value)) for record in records)
    return Said(messages, len(records), sum(len(record.value) for record in records))


async def records_between(settings: Settings, begin: Ends, end: Ends) -> list[Raw]:
    """Read everything between two ends."""
    open_places = {place for place in begin if begin[place] < end[place]}
    if not open_places:  # a consumer that is stopped right after it was assigned fails
        return []
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    await consumer.start()
    records: list[Raw] = []
    try:
        consumer.assign(list(open_places))
        for place in open_places:
            consumer.seek(place, begin[place])
        while open_places:
            found = await consumer.getmany(timeout_ms=POLL_MS, max_records=READ_AT_ONCE)
            for place, batch in found.items():
                records += [
                    Raw(record.value, record.key, list(record.headers))
                    for record in batch
                    if record.offset < end[place]
                ]
                if batch[-1].offset + 1 >= end[place]:
                    open_places.discard(place)
    finally:
        await consumer.stop()
    return records


async def raw_producer(settings: Settings) -> AIOKafkaProducer:
    """Start a producer as fast as our relay's, with the same promise."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=4 * BATCH_BYTES,
    )
    await producer.start()
    return producer


async def produce(producer: AIOKafkaProducer, records: Sequence[Raw]) -> None:
    """Send records in full batches, each acknowledged before the next leaves."""
    batch: Any = producer.create_batch()
    for value, key, headers in records:
        if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
            await _send(producer, batch)
            batch = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)
    await _send(producer, batch)


async def _send(producer: AIOKafkaProducer, batch: Any) -> None:
    batch.close()
    await (await producer.send_batch(batch, LIMIT_TOPIC, partition=PARTITION))
