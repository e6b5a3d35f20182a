"""The broker as raw code sees it: ends of topics, and records between two ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Said:
    """What a stretch of topics holds: messages (lines), records, bytes of all values."""

    messages: int
    records: int
    bytes: int


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


async def said_between(settings: Settings, begin: Ends, end: Ends) -> Said:
    """Read everything between two ends and count it."""
    open_places = {place for place in begin if begin[place] < end[place]}
    if not open_places:  # a consumer that is stopped right after it was assigned fails
        return Said(0, 0, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    await consumer.start()
    messages = records = size = 0
    try:
        consumer.assign(list(open_places))
        for place in open_places:
            consumer.seek(place, begin[place])
        while open_places:
            found = await consumer.getmany(timeout_ms=POLL_MS, max_records=READ_AT_ONCE)
            for place, batch in found.items():
                inside = [record for record in batch if record.offset < end[place]]
                messages += sum(len(split_lines(record.value)) for record in inside)
                records += len(inside)
                size += sum(len(record.value) for record in inside)
                if batch[-1].offset + 1 >= end[place]:
                    open_places.discard(place)
    finally:
        await consumer.stop()
    return Said(messages, records, size)


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


async def produce(producer: AIOKafkaProducer, values: Sequence[bytes]) -> None:
    """Send values in full batches, each acknowledged before the next leaves."""
    batch: Any = producer.create_batch()
    for value in values:
        if batch.append(timestamp=None, key=None, value=value) is None:
            await _send(producer, batch)
            batch = producer.create_batch()
            batch.append(timestamp=None, key=None, value=value)
    await _send(producer, batch)


async def _send(producer: AIOKafkaProducer, batch: Any) -> None:
    batch.close()
    await (await producer.send_batch(batch, LIMIT_TOPIC, partition=PARTITION))
