"""An installation around the ledger: its database and worker are real, the slices are played.

Played slices sign with their own real keys and speak on the real broker.
"""

import contextlib
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from contracts.messages import (
    AliasesDestroyed,
    ErasureCertified,
    ErasureRequested,
    Message,
    SliceErased,
    SliceReerased,
    SliceVerified,
    encode,
    parse,
    split_lines,
    uuid7,
)
from contracts.proof import Proof, Record, Signer, seal
from contracts.topics import partition_of
from contracts.vocabulary import Identity, Outcome, ReadBack, Reason, Role
from services.erasure.settings import MIGRATIONS
from services.erasure.worker import work
from shared.database import Database, Kernel
from shared.database import apply as apply_database
from shared.keys import apply_keys, load_ring, signer_for
from shared.keys.first import publish_first
from shared.outbox.topics import apply as apply_topics
from shared.settings import Settings
from shared.worker import run
from tests.kernel import eventually, running
from tests.processes import Process, fork

SLICES = ("events", "newsletter", "rights")


@dataclass
class Saga:
    """One request and the lines said about it, by service."""

    requested: ErasureRequested
    receipts: dict[str, bytes]

    @property
    def id(self) -> UUID:
        return self.requested.request_id


def requested(participants: Sequence[str] = SLICES, **other: Any) -> ErasureRequested:
    now = datetime.now(UTC)
    said: dict[str, Any] = {
        "request_id": uuid4(),
        "origin": "rights",
        "scope": "everything",
        "participants": tuple(participants),
        "register_version": 1,
        "cutoff": now,
        "received_at": now,
        "due_at": now + timedelta(days=30),
        "identity": Identity.MAILED_LINK,
        "person_commitment": "0" * 64,
    }
    return ErasureRequested(**{**said, **other})


def receipt(
    request_id: UUID | None, *, attempt: int = 0, **other: Any
) -> SliceErased | SliceReerased:
    now = datetime.now(UTC)
    said: dict[str, Any] = {
        "receipt_id": uuid4(),
        "request_id": request_id,
        "reason": Reason.REQUESTED if request_id else Reason.WITHDRAWN,
        "outcome": Outcome.DELETED,
        "rows": {"subscriber": 1},
        "closed_count": 1,
        "closed_root": "0" * 64,
        "inventory_sha256": "0" * 64,
        "policy_version": "1.0",
        "covered_until": now,
        "erased_at": now,
        **other,
    }
    return SliceReerased(attempt=attempt, **said) if attempt else SliceErased(**said)


def read_back(
    service: str, line: bytes, said: SliceErased | SliceReerased, left: int = 0
) -> SliceVerified:
    return SliceVerified(
        receipt_id=said.receipt_id,
        request_id=said.request_id,
        service=service,
        receipt_sha256=sha256(line).hexdigest(),
        attempt=said.attempt,
        remaining=left,
        method=ReadBack.IDS_AND_ADDRESSES,
        verified_at=datetime.now(UTC),
    )


@dataclass
class Ledger:
    """The installation: keys of everybody, a producer, the ledger's database."""

    settings: Settings
    producer: AIOKafkaProducer
    database: Database

    def signer(self, service: str, role: Role = Role.SERVICE) -> Signer:
        return signer_for(self.settings, service, role)

    def seal(
        self,
        signer: Signer,
        messages: Sequence[Message],
        source: str | None = None,
        at: datetime | None = None,
    ) -> tuple[Record, Proof]:
        """Make one record of messages of one type; `source` and `at` may lie about who and when."""
        now = at or datetime.now(UTC)
        first = messages[0]
        partition = partition_of(first.subject, self.settings.partitions_of(first.topic.name))
        lines = tuple(
            encode(message, source=source or signer.service, id=uuid7(), time=now)
            for message in messages
        )
        record = Record(first.topic.name, partition, first.type.value, first.key, lines)
        return record, seal([record], signer)[0]

    async def send(self, record: Record, proof: Proof) -> int:
        """Put a record on the topic; return its offset."""
        sent = await self.producer.send_and_wait(
            self.settings.topic(record.topic),
            value=record.value,
            key=record.key,
            partition=record.partition,
            headers=proof.headers(),
        )
        offset: int = sent.offset
        return offset

    async def say(self, signer: Signer, *messages: Message) -> tuple[bytes, ...]:
        """Seal, send, and return the lines as sent."""
        record, proof = self.seal(signer, messages)
        await self.send(record, proof)
        return record.lines

    async def ask(self, **other: Any) -> Saga:
        """Let rights ask for an erasure."""
        message = requested(**other)
        await self.say(self.signer(message.origin), message)
        return Saga(message, {})

    async def answer(
        self, saga: Saga, service: str, *, left: int = 0, attempt: int = 0, **other: Any
    ) -> None:
        """Let a slice and its verifier answer; `other` is what the receipt says otherwise."""
        said = receipt(saga.id, attempt=attempt, covered_until=saga.requested.cutoff, **other)
        (line,) = await self.say(self.signer(service), said)
        saga.receipts[service] = line
        verifier = self.signer(service, Role.VERIFIER)
        await self.say(verifier, read_back(service, line, said, left))

    async def whole_saga(self, services: Sequence[str] = SLICES, **other: Any) -> Saga:
        """Ask, and let everybody answer."""
        saga = await self.ask(participants=services, **other)
        for service in services:
            await self.answer(saga, service)
        return saga

    async def end(self, saga: Saga) -> None:
        """Let the origin forget."""
        origin = self.signer(saga.requested.origin)
        await self.say(origin, AliasesDestroyed(request_id=saga.id, count=1, remaining=0))

    async def rows(self, sql: str, *args: object) -> list[asyncpg.Record]:
        async with self.database.begin() as tx:
            return await tx.fetch(sql, *args)

    async def value(self, sql: str, *args: object) -> Any:
        async with self.database.begin() as tx:
            return await tx.fetchval(sql, *args)

    async def certificate(self, request_id: UUID) -> bytes | None:
        envelope: bytes | None = await self.value(
            "select envelope from certificate where request_id = $1", request_id
        )
        return envelope

    async def certified(self, *sagas: Saga) -> list[bytes]:
        """Await the certificates of sagas."""
        return [await eventually(partial(self.certificate, saga.id)) for saga in sagas]

    async def told(self, sagas: Sequence[Saga]) -> Counter[UUID]:
        """Count `erasure-certified` on the topic for these sagas; empty until each has one."""
        ids = {saga.id for saga in sagas}
        counts: Counter[UUID] = Counter()
        for row in await self.rows("select value from evidence"):
            for event in map(parse, split_lines(row["value"])):
                if isinstance(event.message, ErasureCertified) and event.message.request_id in ids:
                    counts[event.message.request_id] += 1
        return counts if counts.keys() == ids else Counter()

    async def told_of(self, *sagas: Saga) -> None:
        """Await that the ledger has heard its own word about sagas."""
        await eventually(lambda: self.told(sagas))

    async def open_database(self) -> Database:
        """Open the ledger's database with its key, as the worker does."""
        signer = self.signer("erasure")
        return await Database.connect(self.settings, "erasure", "eraser", signer=signer, size=2)

    async def clear_outbox(self) -> None:
        """Take the place of the relay: what was told is gone."""
        relay = await asyncpg.connect(self.settings.database_url("erasure", "relay"))
        try:
            await relay.execute("delete from outbox")
        finally:
            await relay.close()

    def add_slice(self, service: str) -> None:
        """Make keys for one more slice and its verifier."""
        apply_keys(self.settings, ("erasure", *SLICES, service), (*SLICES, service))

    async def await_extension(self, request_id: UUID) -> None:
        """Await that a saga was extended."""
        sql = "select count(*) from saga_extension where request_id = $1"
        await eventually(lambda: self.value(sql, request_id))

    async def set_certificate(self, request_id: UUID, envelope: bytes) -> None:
        """Change a stored certificate, as somebody with the database in hand could."""
        async with self.database.begin() as tx:
            await tx.execute(
                "update certificate set envelope = $2 where request_id = $1", request_id, envelope
            )

    async def await_messages(self, kind: str, count: int) -> None:
        """Await that so many records of a type stand on the topic and were stored."""
        pattern = b'"type":"dev.expunge.%s.v1"' % kind.encode()

        async def all_there() -> bool:
            values = await self.rows("select value from evidence")
            return sum(bytes(row["value"]).count(pattern) for row in values) >= count

        await eventually(all_there)

    async def caught_up(self) -> None:
        """Await that the ledger has stored everything that stands on the topic now."""
        await self.producer.flush()
        ends = await self._ends()

        async def all_read() -> bool:
            rows = await self.rows(
                "select partition, next_offset from consumer_cursor where topic = 'erasure.v1'"
            )
            read = {row["partition"]: row["next_offset"] for row in rows}
            return all(read.get(partition, 0) >= end for partition, end in ends.items())

        await eventually(all_read)

    async def _ends(self) -> Mapping[int, int]:
        from aiokafka import AIOKafkaConsumer, TopicPartition  # noqa: PLC0415

        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka)
        await consumer.start()
        try:
            topic = self.settings.topic("erasure.v1")
            places = [
                TopicPartition(topic, number)
                for number in range(self.settings.partitions_of("erasure.v1"))
            ]
            return {p.partition: end for p, end in (await consumer.end_offsets(places)).items()}
        finally:
            await consumer.stop()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run the ledger's worker in this process; fails with it."""
        async with running(run(self.settings, [work(self.settings)], load_ring(self.settings))):
            yield

    def start_worker(self, environment: Mapping[str, str], crash_at: str = "") -> Process:
        """Start the ledger's worker as a process of its own."""
        armed = {**environment, "EXPUNGE_CRASH_AT": crash_at}
        return fork(["work", "erasure"], armed, stderr=subprocess.DEVNULL)


@contextlib.asynccontextmanager
async def ledger(settings: Settings, slices: Sequence[str] = SLICES) -> AsyncIterator[Ledger]:
    """Prepare everything and open it."""
    apply_keys(settings, ("erasure", *slices), slices)
    await apply_topics(settings)
    await apply_database(settings, "erasure", MIGRATIONS, kernel=Kernel.PLUMBING)
    await publish_first(settings, slices)
    async with contextlib.AsyncExitStack() as stack:
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True
        )
        await producer.start()
        stack.push_async_callback(producer.stop)
        database = await Database.connect(settings, "erasure", "eraser", size=2)
        stack.push_async_callback(database.close)
        yield Ledger(settings, producer, database)
