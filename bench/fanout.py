"""W2, fan-out: what other services say about consents, applied by the erasure service."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench import broker
from bench.gate import holds
from bench.place import Admin
from bench.rounds import Turn
from contracts.messages import ConsentGranted, split_lines, uuid7
from contracts.proof import PublicKey
from contracts.topics import CONSENT, ERASURE_SERVICE
from contracts.vocabulary import Language, Method, Role
from services.erasure.reactions import Ledger
from services.erasure.settings import ErasureSettings
from shared.consumer.consume import consume
from shared.consumer.keyring import Keys
from shared.consumer.lines import Line, Reader
from shared.consumer.ready import Ready
from shared.database import Database, Transaction, pack_headers
from shared.database.sealing import seal_messages
from shared.keys import load_ring, signer_for
from shared.outbox.relay import Row, send
from shared.settings import Settings

SIGNER = "newsletter"
RECORDS_AT_ONCE = 500  # of one transaction: what our consumer takes, and the limit too
RELAYED_AT_ONCE = 2_000
PATIENCE_S = 120.0
COLUMNS = (
    *("consent_id", "purpose", "wording", "wording_version", "wording_sha256"),
    *("language", "form", "method", "granted_at"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """Messages on the topic: `begin` is the offset of the first, `bytes` all values together."""

    count: int
    begin: int
    bytes: int


async def tell(settings: Settings, count: int, by: int) -> Told:
    """Put consents on the topic as the newsletter does: `by` of them signed in a transaction."""
    place = TopicPartition(settings.topic(CONSENT.name), broker.PARTITION)
    begin = (await broker.ends(settings))[place]
    signer, now, rows = signer_for(settings, SIGNER, Role.SERVICE), datetime.now(UTC), []
    for start in range(0, count, by):
        said = [_granted(now) for _ in range(min(by, count - start))]
        sealed = seal_messages(said, signer=signer, now=now, partitions_of=settings.partitions_of)
        rows += [
            Row(
                id=0,
                topic=each.topic,
                partition=each.partition,
                key=each.record.key,
                value=each.value,
                headers=pack_headers(each.headers),
            )
            for each in sealed
        ]
        await asyncio.sleep(0)
    producer = await broker.raw_producer(settings)
    try:
        rest: Sequence[Row] = rows
        while rest:
            rest = rest[len(await send(producer, settings, rest[:RELAYED_AT_ONCE])) :]
    finally:
        await producer.stop()
    return Told(count, begin, sum(len(row.value or b"") for row in rows))


def _granted(now: datetime) -> ConsentGranted:
    return ConsentGranted(
        consent_id=uuid7(),
        purpose="newsletter.send",
        wording="newsletter",
        wording_version=1,
        wording_sha256="ab" * 32,
        language=Language.EN,
        form="subscribe",
        method=Method.DOUBLE_OPT_IN,
        granted_at=now,
    )


class FirstLook(Keys):
    """Notes when the first record is opened: the clock starts with the first bytes in hand."""

    began = 0.0

    def known(self, key_id: str) -> PublicKey | None:
        """Find the key as ever."""
        if not self.began:
            self.began = time.perf_counter()
        return super().known(key_id)


@dataclass(slots=True)
class Counting:
    """The ledger's reader, with a count of consents beside its own reaction."""

    wanted: int
    done: asyncio.Event
    ended: float = 0.0
    count: int = 0

    def reader(self) -> Reader:
        """Make the reader that a worker of the erasure service makes."""
        theirs = Ledger(ErasureSettings.load(), asyncio.Event()).reader()
        react = theirs.reactions[ConsentGranted]

        async def counted(tx: Transaction, lines: Sequence[Line[Any]]) -> None:
            await react(tx, lines)
            tx.on_commit(lambda: self._add(len(lines)))

        return Reader(
            service=theirs.service,
            topics=theirs.topics,
            reactions={**theirs.reactions, ConsentGranted: counted},
            evidence=theirs.evidence,
            replayable=theirs.replayable,
            unordered=theirs.unordered,
        )

    def _add(self, lines: int) -> None:
        self.count += lines
        if self.count >= self.wanted:
            self.ended = time.perf_counter()
            self.done.set()


async def apply_ours(settings: Settings, told: Told) -> Turn:
    """Consume with the full kernel, from the first record in hand to the last commit."""
    signer = signer_for(settings, ERASURE_SERVICE, Role.SERVICE)
    database = await Database.connect(settings, ERASURE_SERVICE, "eraser", signer=signer)
    keys = FirstLook(settings, load_ring(settings))
    counting = Counting(told.count, asyncio.Event())
    work = asyncio.create_task(
        consume(database, settings, counting.reader(), Ready(database), keys=keys)
    )
    try:
        waiting = asyncio.create_task(counting.done.wait())
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        work.cancel()
        waiting.cancel()
        await asyncio.gather(work, waiting, return_exceptions=True)
        await database.close()
    return Turn(told.count, counting.ended - keys.began)


async def apply_bare(settings: Settings, told: Told) -> Turn:
    """Read the same records, parse the lines, upsert into the same columns: the limit."""
    place = TopicPartition(settings.topic(CONSENT.name), broker.PARTITION)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, told.begin)
        async with Admin(settings, ERASURE_SERVICE) as connection:
            statement = await connection.prepare(_UPSERT)
            done, began = 0, 0.0
            while done < told.count:
                found = await consumer.getmany(timeout_ms=200, max_records=2_000)
                began = began or time.perf_counter()
                for records in found.values():
                    for start in range(0, len(records), RECORDS_AT_ONCE):
                        some = records[start : start + RECORDS_AT_ONCE]
                        await statement.fetch(*_columns(some))
                    done += len(records)
            return Turn(told.count, time.perf_counter() - began)
    finally:
        await consumer.stop()


_UPSERT = """
    insert into limit_evidence as known
           (consent_id, purpose, wording, wording_version, wording_sha256,
            language, form, method, granted_at, granted_record)
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bytea[],
                         $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::bytea[])
        on conflict (consent_id) do update
       set granted_at = excluded.granted_at
     where known.granted_at is null
"""


def _columns(records: Sequence[Any]) -> list[list[Any]]:
    rows = []
    for record in records:
        for line in split_lines(record.value):
            data = orjson.loads(line)["data"]
            rows.append(
                (
                    UUID(data["consent_id"]),
                    data["purpose"],
                    data["wording"],
                    data["wording_version"],
                    bytes.fromhex(data["wording_sha256"]),
                    data["language"],
                    data["form"],
                    data["method"],
                    datetime.fromisoformat(data["granted_at"]),
                    sha256(record.value).digest(),
                )
            )
    return [list(column) for column in zip(*rows, strict=True)]


async def make_limit_table(settings: Settings) -> None:
    """Make the limit's table with the same columns and indexes."""
    async with Admin(settings, ERASURE_SERVICE) as connection:
        await connection.execute(
            "create table limit_evidence (like consent_evidence including all)"
        )


async def empty(settings: Settings) -> None:
    """Begin a round with two empty tables."""
    async with Admin(settings, ERASURE_SERVICE) as connection:
        await connection.execute("truncate consent_evidence, limit_evidence")


async def check(settings: Settings, told: Told) -> None:
    """Both tables hold the same messages, all of them. Raises GateFailed."""
    columns = ", ".join(COLUMNS)
    async with Admin(settings, ERASURE_SERVICE) as connection:
        count = await connection.fetchval("select count(granted_record) from consent_evidence")
        differ = await connection.fetchval(
            f"""
            select count(*)
              from (select {columns} from consent_evidence
                    except
                    select {columns} from limit_evidence) as differ
            """
        )
        aside = await connection.fetchval(
            "select (select count(*) from parked) + (select count(*) from quarantine)"
        )
    holds(f"consents are {told.count}", true=count == told.count, seen=count)
    holds("both say the same", true=not differ, seen=differ)
    holds("nothing was set aside", true=not aside, seen=aside)
