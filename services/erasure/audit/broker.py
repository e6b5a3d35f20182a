"""Entries from a broker, without a consumer group: reading leaves no trace there."""

from collections.abc import AsyncIterator
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from contracts.topics import ERASURE
from services.erasure.audit.entries import Entry, Span, Unreadable
from shared.settings import Settings

POLL_MS: Final = 1_000
MAX_SILENT_POLLS: Final = 30  # then the broker gives nothing although its end is not reached
MAX_RECORDS: Final = 500

NO_BROKER: Final = "The broker does not answer: see EXPUNGE_KAFKA."
NO_TOPIC: Final = "There is no erasure.v1 here, or this principal may not read it."
NO_END: Final = "The broker stopped giving entries before the end that it named."


class BrokerSource:
    """`erasure.v1` from offset 0 to the end that the broker named when this was opened."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic(ERASURE.name)
        self._spans: tuple[Span, ...] = ()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
        )

    @property
    def spans(self) -> tuple[Span, ...]:
        """Give the spans that were fixed at opening."""
        return self._spans

    async def __aenter__(self) -> Self:
        """Check access, then fix the end. Raises Unreadable."""
        try:
            partitions = await self._partitions()
            await self._consumer.start()
            places = [TopicPartition(self._topic, number) for number in range(partitions)]
            begin = await self._consumer.beginning_offsets(places)
            end = await self._consumer.end_offsets(places)
        except (KafkaError, OSError) as error:
            await self._consumer.stop()
            raise Unreadable(NO_BROKER) from error
        self._spans = tuple(Span(begin[place], end[place]) for place in places)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the broker."""
        await self._consumer.stop()

    async def _partitions(self) -> int:
        """Count partitions. A reader without access would get nothing for ever, and no error."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._settings.kafka)
        try:
            await admin.start()
            (found,) = await admin.describe_topics([self._topic])
        finally:
            await admin.close()
        if found["error_code"]:
            raise Unreadable(NO_TOPIC)
        return len(found["partitions"])

    async def read(self, partition: int) -> AsyncIterator[Entry]:
        """Read one partition's span in order. Raises Unreadable."""
        place, span = TopicPartition(self._topic, partition), self._spans[partition]
        self._consumer.assign([place])
        self._consumer.seek(place, span.begin)
        silent = 0
        while await self._position(place) < span.end:
            try:
                batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_RECORDS)
            except KafkaError as error:
                raise Unreadable(NO_END) from error
            silent = 0 if batches else silent + 1
            if silent > MAX_SILENT_POLLS:
                raise Unreadable(NO_END)
            for record in batches.get(place, ()):
                if record.offset < span.end:
                    headers = tuple((name, bytes(value)) for name, value in record.headers)
                    yield Entry(partition, record.offset, record.key, record.value or b"", headers)

    async def _position(self, place: TopicPartition) -> int:
        position: int = await self._consumer.position(place)
        return position
