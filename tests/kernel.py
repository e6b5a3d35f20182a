"""Two services that exist in tests only, on the real broker and in real databases.

`alpha` speaks, `beta` hears: what beta heard stands in its table `effect`, one row a line, with
nothing that would hide a second one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from contracts.identifiers import uuid7
from contracts.messages import (
    ConsentGranted,
    ConsentWithdrawn,
    ErasureRequested,
    Message,
    SliceErased,
    encode,
)
from contracts.proof import Proof, Record, Signer, seal
from contracts.topics import partition_of
from contracts.vocabulary import Identity, Language, Method, Outcome, Reason, Role
from shared.consumer.consume import consume
from shared.consumer.keyring import Keys
from shared.consumer.lines import AnyLine, Reader
from shared.consumer.ready import Ready
from shared.database import Database, Transaction
from shared.database.migrations import apply as apply_database
from shared.keys import apply_keys, load_ring, signer_for
from shared.outbox.relay import relay
from shared.outbox.topics import apply as apply_topics
from shared.outbox.wake import Wake
from shared.settings import Settings

SCHEMA = Path(__file__).parent / "consumer" / "schema"
SERVICES = ("alpha", "beta", "rights")
PATIENCE_SECONDS = 30.0


async def prepare(settings: Settings) -> None:
    """Make keys, topics and both databases."""
    apply_keys(settings, SERVICES, ())
    await apply_topics(settings)
    for service in ("alpha", "beta"):
        await apply_database(settings, service, SCHEMA)


async def eventually(check: Callable[[], Any]) -> Any:
    """Await until `check` (a coroutine function) gives something true; fail after a while."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := await check()):  # noqa: ASYNC110 - any condition, not an event
            await asyncio.sleep(0.02)
    return found


def granted(consent_id: UUID | None = None) -> ConsentGranted:
    return ConsentGranted(
        consent_id=consent_id or uuid4(),
        purpose="newsletter.send",
        wording="newsletter",
        wording_version=1,
        wording_sha256="0" * 64,
        language=Language.EN,
        form="subscribe",
        method=Method.DOUBLE_OPT_IN,
        granted_at=datetime.now(UTC),
    )


def withdrawn(consent_id: UUID) -> ConsentWithdrawn:
    return ConsentWithdrawn(
        consent_id=consent_id,
        purpose="newsletter.send",
        method=Method.PAGE,
        withdrawn_at=datetime.now(UTC),
    )


def requested(
    request_id: UUID | None = None, participants: tuple[str, ...] = ("beta",)
) -> ErasureRequested:
    now = datetime.now(UTC)
    return ErasureRequested(
        request_id=request_id or uuid4(),
        origin="rights",
        scope="everything",
        participants=participants,
        register_version=1,
        cutoff=now,
        received_at=now,
        due_at=now,
        identity=Identity.MAILED_LINK,
        person_commitment="0" * 64,
    )


def receipt(request_id: UUID | None = None) -> SliceErased:
    """Say that one row was deleted: of a request, or because somebody withdrew."""
    now = datetime.now(UTC)
    return SliceErased(
        receipt_id=uuid4(),
        request_id=request_id,
        reason=Reason.REQUESTED if request_id else Reason.WITHDRAWN,
        outcome=Outcome.DELETED,
        rows={"subject": 1},
        closed_count=1,
        closed_root="0" * 64,
        inventory_sha256="0" * 64,
        policy_version="2026-01-01",
        covered_until=now,
        erased_at=now,
    )


def sealed(
    messages: Sequence[Message], signer: Signer, *, partitions: int = 1, at: datetime | None = None
) -> list[tuple[Record, Proof]]:
    """Seal messages as one record (one for each where the topic is keyed), in one transaction."""
    now = at or datetime.now(UTC)
    lines = [encode(m, source=signer.service, id=uuid7(), time=now) for m in messages]
    first = messages[0]
    if first.topic.keyed:
        records = [
            Record(m.topic.name, partition_of(m.subject, partitions), m.type.value, m.key, (line,))
            for m, line in zip(messages, lines, strict=True)
        ]
    else:
        partition = partition_of(first.subject, partitions)
        records = [Record(first.topic.name, partition, first.type.value, None, tuple(lines))]
    return list(zip(records, seal(records, signer), strict=True))


@dataclass
class Bench:
    """What most tests need: a signer of alpha, a raw producer, both databases."""

    settings: Settings
    producer: AIOKafkaProducer
    alpha: Database
    beta: Database

    def signer(self, service: str) -> Signer:
        return signer_for(self.settings, service, Role.SERVICE)

    async def produce(self, records: Sequence[tuple[Record, Proof]], **other: Any) -> None:
        """Send records as they are, without any outbox; `other` overrides value or partition."""
        for record, proof in records:
            options = {"value": record.value, "partition": record.partition, **other}
            await self.producer.send_and_wait(
                self.settings.topic(record.topic),
                key=record.key,
                headers=proof.headers(),
                **options,
            )

    async def say(self, service: str, *messages: Message) -> None:
        """Seal as that service and send."""
        partitions = self.settings.partitions_of(messages[0].topic.name)
        await self.produce(sealed(messages, self.signer(service), partitions=partitions))

    async def rows(self, sql: str, *args: object) -> list[asyncpg.Record]:
        async with self.beta.begin() as tx:
            return await tx.fetch(sql, *args)

    async def effects(self, *about: object) -> list[tuple[str, str]]:
        """Return what beta did about these ids, in the order it was done."""
        rows = await self.rows(
            "select about, kind from effect where about = any($1::text[]) order by id",
            [str(one) for one in about],
        )
        return [(row[0], row[1]) for row in rows]

    async def await_effects(self, *about: object) -> None:
        """Await that each of the ids had an effect."""

        async def all_there() -> bool:
            return {found for found, _ in await self.effects(*about)} == set(map(str, about))

        await eventually(all_there)

    async def parked(self, *about: object) -> list[tuple[str, int, str]]:
        """Return what beta parked about these ids: id, line, class of the error."""
        rows = await self.rows(
            """
            select about_id, line, error
              from parked
             where about_id = any($1::text[]) and released_at is null
             order by "offset", line
            """,
            [str(one) for one in about],
        )
        return [tuple(row) for row in rows]

    async def told(self, kind: str) -> list[bytes]:
        """Values in beta's outbox of one type of message (nobody relays for beta)."""
        rows = await self.rows("select value from outbox order by id")
        return [row[0] for row in rows if b".%s.v1" % kind.encode() in row[0]]

    @contextlib.asynccontextmanager
    async def consuming(self, reader: Reader, **options: Any) -> AsyncIterator[Ready]:
        """Run beta's consumer in this process; fails with it."""
        ready = Ready(self.beta)
        for name, value in options.items():
            setattr(ready, name, value)
        keys = Keys(self.settings, load_ring(self.settings))
        async with running(consume(self.beta, self.settings, reader, ready, keys=keys)):
            yield ready

    @contextlib.asynccontextmanager
    async def relaying(self, service: str = "alpha") -> AsyncIterator[Wake]:
        """Run a relay in this process."""
        wake = Wake()
        async with running(relay(self.settings, service, wake)):
            yield wake


@contextlib.asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    """Run something beside the block; its failure is the block's failure."""
    failure: BaseException | None = None
    block = asyncio.current_task()
    assert block is not None
    task = asyncio.ensure_future(work)

    def done(finished: asyncio.Task[None]) -> None:
        nonlocal failure
        if not finished.cancelled() and finished.exception() is not None:
            failure = finished.exception()
            block.cancel()

    task.add_done_callback(done)
    try:
        yield
    except asyncio.CancelledError:
        if failure is None:
            raise
        block.uncancel()
        raise failure from None
    finally:
        task.remove_done_callback(done)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


async def note(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Write one row a line: the reaction of most tests."""
    await tx.execute(
        "insert into effect (about, kind, size) select about, $2, $3 from unnest($1::text[]) about",
        [line.event.subject for line in lines],
        lines[0].event.type.value,
        len(lines),
    )


@contextlib.asynccontextmanager
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    """Prepare everything and open it."""
    await prepare(settings)
    async with contextlib.AsyncExitStack() as stack:
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
        await producer.start()
        stack.push_async_callback(producer.stop)
        opened = []
        for service, role in (("alpha", "app"), ("beta", "eraser")):
            signer = signer_for(settings, service, Role.SERVICE)
            database = await Database.connect(settings, service, role, signer=signer, size=4)
            stack.push_async_callback(database.close)
            opened.append(database)
        yield Bench(settings, producer, *opened)
