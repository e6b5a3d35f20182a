"""From where to where each partition of a topic reaches now."""

from collections.abc import Iterable
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.settings import Settings


class Span(NamedTuple):
    """Offsets of a partition: of its first record, and of the next one to come."""

    begin: int
    end: int


async def spans(settings: Settings, names: Iterable[str]) -> dict[tuple[str, int], Span]:
    """Give the span of every partition of topics, by bare name and number.

    Asked without a group, with a client of its own. Raises KafkaError, OSError.
    """
    places = {
        TopicPartition(settings.topic(name), number): (name, number)
        for name in names
        for number in range(settings.partitions_of(name))
    }
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    try:
        await consumer.start()
        begins = await consumer.beginning_offsets(list(places))
        ends = await consumer.end_offsets(list(places))
    finally:
        await consumer.stop()
    return {name: Span(begins[place], ends[place]) for place, name in places.items()}
