"""The relay: rows of the outbox become records on the topics, at least once, in order.

One relay works per service: it holds an advisory lock on the very connection that selects and
deletes, so who loses the lock cannot go on. It selects the oldest rows, sends, and deletes exactly
those ids after the broker has acknowledged them. There is no "ids greater than the last one":
a slow transaction commits a lower id later, and such a cursor would never see it.
A record sent twice is harmless: its id is a hash of its bytes, and readers know it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.topics import ERASURE
from shared.crash import crash
from shared.database import is_transient, unpack_headers
from shared.database.locks import RELAY
from shared.outbox.wake import Wake
from shared.settings import Settings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SELECT_ROWS: Final = 2_000
BATCH_BYTES: Final = 900 * 1024  # under the topic's max.message.bytes, three records of 256 kB
REQUEST_MS: Final = 10_000
STOP_SECONDS: Final = 2.0
POLL_BUSY_SECONDS: Final = 0.02
POLL_IDLE_SECONDS: Final = 0.2
BUSY_FOR_SECONDS: Final = 2.0
LOCK_RETRY_SECONDS: Final = 0.5
BACK_OFF_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the outbox: the row's id, and a record with its place (bare topic name).

    Without a value it is a tombstone.
    """

    id: int
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: bytes


async def relay(settings: Settings, service: str, wake: Wake) -> None:
    """Send a service's outbox until cancelled.

    `service` names the database too. Waits while another process holds the lock; while database
    or broker are away it tries again with growing back-off, with a new connection and a new
    producer, from the oldest row. Raises what no retry can mend (a missing right, a bug).
    """
    tries = 0
    while True:
        started = time.monotonic()
        try:
            await _hold_lock(settings, service, wake)
        except Exception as error:
            if not isinstance(error, KafkaError) and not is_transient(error):
                raise
            if time.monotonic() - started > BACK_OFF_SECONDS[-1]:
                tries = 0
            log.warning("relay-backs-off", service=service, error=error)
            await asyncio.sleep(BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)])
            tries += 1


async def _hold_lock(settings: Settings, service: str, wake: Wake) -> None:
    """Work as the one relay of this service for as long as connection and producer live."""
    connection = await asyncpg.connect(
        settings.database_url(service, "relay"),
        server_settings={"application_name": f"{service}/relay"},
    )
    try:
        # Asked again and again: a waiting `pg_advisory_lock` would hold a snapshot, and with it
        # every deleted row of the outbox, for as long as it waits.
        while not await connection.fetchval("select pg_try_advisory_lock($1)", RELAY):  # noqa: ASYNC110
            await asyncio.sleep(LOCK_RETRY_SECONDS)
        async with _producer(settings) as producer:
            with wake.listen(settings, service):
                await _send_for_ever(connection, producer, settings, wake)
    finally:
        connection.terminate()


@contextlib.asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Start a producer whose acknowledgements mean that the record is kept."""
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        max_request_size=4 * BATCH_BYTES,
        request_timeout_ms=REQUEST_MS,
    )
    try:
        await producer.start()
        yield producer
    finally:
        # A broker that is away would keep `stop` waiting for batches nobody counts on any more.
        with contextlib.suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(producer.stop(), STOP_SECONDS)


async def _send_for_ever(
    connection: "Connection", producer: AIOKafkaProducer, settings: Settings, wake: Wake
) -> None:
    """Send what is there; wait for a wake-up, or look again after a while.

    After a short one only when rows came without a wake-up: somebody writes who cannot wake us.
    """
    busy_until, woken = 0.0, True
    while True:
        rows = await oldest(connection)
        if rows:
            sent = await send(producer, settings, rows)
            crash("relay:after-send")
            await delete(connection, [row.id for row in sent])
            if not woken:
                busy_until = time.monotonic() + BUSY_FOR_SECONDS
            if len(sent) < len(rows) or len(rows) == SELECT_ROWS:
                continue
        busy = time.monotonic() < busy_until
        woken = await wake.wait(POLL_BUSY_SECONDS if busy else POLL_IDLE_SECONDS)


async def oldest(connection: "Connection") -> list[Row]:
    """Select the oldest rows there are now, whatever was seen before."""
    rows = await connection.fetch(
        """
        select id, topic, partition, key, value, headers
          from outbox
         order by id
         limit $1
        """,
        SELECT_ROWS,
    )
    return [Row(*row) for row in rows]


async def delete(connection: "Connection", ids: Sequence[int]) -> None:
    """Delete exactly the rows that were acknowledged."""
    await connection.execute("delete from outbox where id = any($1::bigint[])", ids)


async def send(
    producer: AIOKafkaProducer, settings: Settings, rows: Sequence[Row]
) -> Sequence[Row]:
    """Send the rows from the first on and return those that are acknowledged.

    One batch per partition at a time, so that a failure cannot put a later record before an
    earlier one. What one transaction closed has lower ids than its receipts; everything that is
    not `erasure.v1` is acknowledged before the first receipt of this selection leaves.
    Raises KafkaError if anything was not acknowledged; then nothing counts as sent.
    """
    batches, taken = cut(producer, rows)
    others = {place: batch for place, batch in batches.items() if place[0] != ERASURE.name}
    receipts = {place: batch for place, batch in batches.items() if place[0] == ERASURE.name}
    await _send_batches(producer, settings, others)
    crash("relay:between-closed-and-erasure")
    await _send_batches(producer, settings, receipts)
    return rows[:taken]


def cut(producer: AIOKafkaProducer, rows: Sequence[Row]) -> tuple[dict[tuple[str, int], Any], int]:
    """Fill one batch per partition in row order; stop at the first row that does not fit.

    Returns the batches by (topic, partition) and how many rows they hold.
    """
    batches: dict[tuple[str, int], Any] = {}
    for index, row in enumerate(rows):
        place = (row.topic, row.partition)
        batch = batches.get(place)
        if batch is None:
            batch = batches[place] = producer.create_batch()
        fits = batch.append(
            timestamp=None, key=row.key, value=row.value, headers=unpack_headers(row.headers)
        )
        if fits is None:
            return batches, index
    return batches, len(rows)


async def _send_batches(
    producer: AIOKafkaProducer, settings: Settings, batches: dict[tuple[str, int], Any]
) -> None:
    """Send and await every acknowledgement."""
    futures = []
    for (topic, partition), batch in batches.items():
        batch.close()
        name = settings.topic(topic)
        futures.append(await producer.send_batch(batch, name, partition=partition))
    results = await asyncio.gather(*futures, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
