"""W5: the topic as it stands replayed from the broker, beside reading and hashing its records."""

import time
from hashlib import sha256

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.broker import READ_AT_ONCE
from bench.gate import holds
from bench.rounds import Round, Turn
from contracts.topics import ERASURE
from contracts.trust import KeyRing
from services.erasure.audit.broker import POLL_MS, BrokerSource
from services.erasure.audit.reading import replay
from services.erasure.audit.report import state_hash
from shared.keys import load_trust
from shared.settings import Settings


class Auditing:
    """Rounds over one topic; nobody speaks meanwhile."""

    def __init__(self, settings: Settings) -> None:
        """Begin without a first round to compare with."""
        self._settings = settings
        self._first: tuple[str, int] | None = None
        self.records = 0

    async def round(self, *, limit_first: bool) -> Round:
        """Take turns, in either order. Raises GateFailed."""
        limit = await self._seconds_of_limit() if limit_first else None
        ours = await self._ours()
        limit = limit or await self._seconds_of_limit()
        return Round(ours, Turn(ours.units, limit))

    async def _ours(self) -> Turn:
        """Replay everything and hash the state; units are events."""
        ring = KeyRing(load_trust(self._settings))
        async with BrokerSource(self._settings) as source:
            began = time.perf_counter()
            work = await replay(source, ring, lambda _: None)
            said = (state_hash(work), work.messages.total())
            seconds = time.perf_counter() - began
        self.records = sum(span.end - span.begin for span in source.spans)
        work.close()
        first = work.findings.first
        holds("the replay finds nothing", true=not first, seen=first[0].what if first else "")
        self._first = self._first or said
        holds("every replay says the same", true=said == self._first, seen=said)
        return Turn(said[1], seconds)

    async def _seconds_of_limit(self) -> float:
        """Read the same records and hash each value."""
        topic = self._settings.topic(ERASURE.name)
        places = [
            TopicPartition(topic, number)
            for number in range(self._settings.partitions_of(ERASURE.name))
        ]
        consumer = AIOKafkaConsumer(bootstrap_servers=self._settings.kafka, group_id=None)
        await consumer.start()
        try:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            left = sum((await consumer.end_offsets(places)).values())
            began = time.perf_counter()
            while left > 0:
                found = await consumer.getmany(timeout_ms=POLL_MS, max_records=READ_AT_ONCE)
                for records in found.values():
                    left -= len(records)
                    for record in records:
                        sha256(record.value).digest()
            return time.perf_counter() - began
        finally:
            await consumer.stop()
