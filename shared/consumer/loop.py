"""The loop of one reader: read what is there, one transaction per batch and partition, go on."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError

from contracts.topics import ERASURE
from shared.consumer import cursor
from shared.consumer.apply import RegisterUnreadable, passes_by_itself, work
from shared.consumer.keyring import Keys
from shared.consumer.lines import Reader
from shared.consumer.opening import Batch, KafkaRecord, Opener
from shared.consumer.ready import Ready
from shared.consumer.sharing import Shared
from shared.database import Database
from shared.logs import log
from shared.outbox.broker import identity
from shared.settings import Settings

FETCH_RECORDS: Final = 2_000  # read at once; a transaction takes at most 500 of them
POLL_MS: Final = 200
BACK_OFF_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
NOT_TAKEN_SECONDS: Final = 0.5
FATAL: Final = (cursor.CursorOutsideLog, cursor.CursorOfAnotherLog, RegisterUnreadable)


@dataclass(slots=True)
class Owned:
    """One partition of ours: the next offset to work, and what of it is stored."""

    place: TopicPartition
    topic: str
    position: int
    written: int
    written_at: float
    mark: int
    tries: int = 0
    blocked_until: float | None = None


class Rebalance(ConsumerRebalanceListener):  # type: ignore[misc]
    """Hands what the group decides to the loop."""

    def __init__(self, loop: "Loop") -> None:
        self._loop = loop

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._loop.give_up(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        # No await before the seek: without a position the client would look for one of its own.
        self._loop.assign(assigned)


class Loop:
    """One reader at work. `lock` keeps a rebalance from taking a partition out of a transaction."""

    def __init__(  # noqa: PLR0917
        self,
        database: Database,
        settings: Settings,
        reader: Reader,
        ready: Ready,
        keys: Keys,
        consumer: AIOKafkaConsumer,
        shared: Shared | None = None,
    ) -> None:
        self.database = database
        self.settings = settings
        self.reader = reader
        self.ready = ready
        self.opener = Opener(settings, reader, keys, shared)
        self.consumer = consumer
        self.lock = asyncio.Lock()
        self.owned: dict[TopicPartition, Owned] = {}
        self.fresh: set[TopicPartition] = set()
        self.joined = False

    def assign(self, assigned: Iterable[TopicPartition]) -> None:
        """Note new partitions; nothing is read before their stored position is known."""
        self.fresh = set(assigned)
        self.ready.settled = False
        self.joined = True
        for place in self.fresh:
            self.consumer.pause(place)
            self.consumer.seek(place, 0)

    async def give_up(self, revoked: Iterable[TopicPartition]) -> None:
        """Store positions that only moved in memory and forget the partitions."""
        async with self.lock:
            for place in revoked:
                self.fresh.discard(place)
                owned = self.owned.pop(place, None)
                if owned is not None:
                    self.ready.drop((owned.topic, place.partition))
                    with contextlib.suppress(Exception):
                        await self._store_position(owned)

    async def step(self) -> None:
        """Read once and work what came."""
        async with self.lock:
            await self._take_over()
        found: dict[TopicPartition, Sequence[KafkaRecord]] = {}
        try:
            found = await self.consumer.getmany(timeout_ms=POLL_MS, max_records=FETCH_RECORDS)
        except NoOffsetForPartitionError:
            return  # asked before the stored position was set; it is by now
        except OffsetOutOfRangeError as error:
            raise cursor.CursorOutsideLog from error
        async with self.lock:
            works = [
                self._work(self.owned[place], records)
                for place, records in found.items()
                if place in self.owned
            ]
            await asyncio.gather(*works)
            await self._idle()

    async def _work(self, owned: Owned, records: Sequence[KafkaRecord]) -> None:
        """Work records of one partition, in as many transactions as their lines need."""
        try:
            await self._work_all(owned, [r for r in records if r.offset >= owned.position])
            owned.tries = 0
        except FATAL:
            raise
        except cursor.StaleOwner:
            log.warning("stale-owner", service=self.reader.service, topic=owned.topic)
            self._read_again(owned.place)
        except Exception as error:  # noqa: BLE001 - nothing is skipped, whatever it was
            self._block(owned, error)

    async def _work_all(self, owned: Owned, rest: Sequence[KafkaRecord]) -> None:
        """Commit batch after batch; the next one is opened while the database is at work."""
        place = (owned.topic, owned.place.partition)
        batch = await self.opener.open(*place, rest) if rest else None
        while batch is not None:
            end = batch.next_offset
            rest = [record for record in rest if record.offset >= end]
            commit = asyncio.ensure_future(self._commit(owned, batch))
            batch = None
            try:
                if rest:
                    batch = await self.opener.open(*place, rest)
            finally:
                await commit

    async def _commit(self, owned: Owned, batch: Batch) -> None:
        """Make a batch's effects, or only move on over what concerns nobody here."""
        if not batch.concerns_nobody:
            catching_up = self.ready.catching_up
            await work(self.database, self.reader, batch, owned.written, catching_up=catching_up)
            owned.written = batch.next_offset
            owned.written_at = time.monotonic()
        owned.position = batch.next_offset

    def _block(self, owned: Owned, error: Exception) -> None:
        """Stop one partition for a while; the others go on."""
        level = log.warning if passes_by_itself(error) else log.critical
        level(
            "partition-blocked",
            service=self.reader.service,
            topic=owned.topic,
            partition=owned.place.partition,
            offset=owned.position,
            tries=owned.tries,
            error=error,
        )
        pause = BACK_OFF_SECONDS[min(owned.tries, len(BACK_OFF_SECONDS) - 1)]
        owned.tries += 1
        owned.blocked_until = time.monotonic() + pause
        if owned.place in self.consumer.assignment():
            self.consumer.pause(owned.place)
            self.consumer.seek(owned.place, owned.position)

    def _read_again(self, place: TopicPartition) -> None:
        """Start a partition once more from its stored position, if it is still ours."""
        self.owned.pop(place, None)
        if place in self.consumer.assignment():
            self.consumer.pause(place)
            self.fresh.add(place)

    async def _idle(self) -> None:
        """Do what is due between two reads."""
        now = time.monotonic()
        for owned in list(self.owned.values()):
            if owned.blocked_until is not None and owned.blocked_until <= now:
                owned.blocked_until = None
                if owned.place in self.consumer.assignment():
                    self.consumer.resume(owned.place)
            await self._mark(owned)
            if cursor.due(owned.written, owned.position, owned.written_at, now):
                await self._store_or_block(owned)
        await self.ready.keep()
        if self.ready.restored:
            self.ready.restored = False
            for place in list(self.owned):
                self._read_again(place)

    async def _mark(self, owned: Owned) -> None:
        """Notice that a partition is consumed to the end seen at start."""
        place = (owned.topic, owned.place.partition)
        if owned.mark < 0 or owned.blocked_until is not None:
            return
        if owned.position < owned.mark and owned.place in self.consumer.assignment():
            # What compaction took out of the tail counts as consumed.
            owned.position = max(owned.position, await self.consumer.position(owned.place))
        if owned.position >= owned.mark:
            owned.mark = -1
            await self._store_or_block(owned)
            self.ready.caught_up(place)

    async def _store_or_block(self, owned: Owned) -> None:
        try:
            await self._store_position(owned)
        except cursor.StaleOwner:
            self._read_again(owned.place)
        except Exception as error:  # noqa: BLE001 - the position stays in memory meanwhile
            self._block(owned, error)

    async def _store_position(self, owned: Owned) -> None:
        """Write a position that only moved in memory."""
        if owned.position == owned.written:
            return
        async with self.database.begin() as tx:
            await cursor.advance(
                tx, owned.topic, owned.place.partition, owned.written, owned.position
            )
        owned.written, owned.written_at = owned.position, time.monotonic()

    async def _take_over(self) -> None:
        """Find the stored positions of new partitions and begin to read there.

        Raises CursorOutsideLog or CursorOfAnotherLog: nothing is ever skipped.
        """
        self.fresh &= self.consumer.assignment()
        places = list(self.fresh)
        try:
            logs = await self._logs(places) if places else {}
            for place in places:
                await self._begin(place, logs[place])
                self.fresh.discard(place)
            self.ready.settled = self.joined
        except FATAL:
            raise
        except Exception as error:
            if not passes_by_itself(error):
                raise
            log.warning("partitions-not-taken-over", error=error)
            await asyncio.sleep(NOT_TAKEN_SECONDS)

    async def _begin(self, place: TopicPartition, log_now: cursor.Log) -> None:
        topic = self.settings.bare_topic(place.topic)
        async with self.database.begin() as tx:
            stored = await cursor.read(tx, topic, place.partition)
            start = cursor.start_at(stored, log_now)
            if stored is None:
                if topic == ERASURE.name and log_now.begin > 0:
                    log.critical("erasure-begins-late", service=self.reader.service)
                await cursor.begin(tx, topic, place.partition, log_now)
        await self.ready.take((topic, place.partition))
        now = time.monotonic()
        self.owned[place] = Owned(place, topic, start, start, now, log_now.end)
        self.consumer.seek(place, start)
        self.consumer.resume(place)

    async def _logs(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, cursor.Log]:
        """Ask the broker for ids, first offsets and ends."""
        client = self.consumer._client  # noqa: SLF001 - the only way to ask for ids
        known = await identity(client, sorted({place.topic for place in places}))
        begins = await self.consumer.beginning_offsets(places)
        ends = await self.consumer.end_offsets(places)
        return {
            place: cursor.Log(
                known.cluster_id,
                str(known.topic_ids[place.topic]),
                begins[place],
                ends[place],
            )
            for place in places
        }
