"""W3, mass erasure: from opening the requests until the last one is certified."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bench import broker
from bench.people import ASKING_TABLES, TABLES, Someone
from bench.place import Admin
from bench.processes import SLICES
from bench.rounds import Turn
from contracts.vocabulary import Identity, Role
from services.newsletter.settings import SERVICE as NEWSLETTER
from services.rights import store
from services.rights.inventory import INVENTORY
from services.rights.settings import SERVICE as RIGHTS
from shared.database import Database, barrier
from shared.keys import signer_for
from shared.outbox.wake import WakeElsewhere
from shared.saga.closing import Slice
from shared.saga.opening import Opening, open_requests
from shared.settings import Settings

BATCH = 500  # requests of one opening transaction, and subjects of one bare delete
PATIENCE_S = 120.0
Slices = tuple[Any, Any]  # connections to both databases
POLL_S = 0.02  # each look is on the cores that are measured: nothing is counted before the end


@dataclass(frozen=True, slots=True)
class Erased:
    """A group that was asked for and certified."""

    requests: list[UUID]
    people: Sequence[Someone]
    turn: Turn


class Origin:
    """The origin of the requests, opened in bulk by its own code."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self.settings = settings

    @classmethod
    async def connect(cls, settings: Settings) -> "Origin":
        """Open the database as the route that erases does."""
        signer = signer_for(settings, RIGHTS, Role.SERVICE)
        database = await Database.connect(settings, RIGHTS, "eraser", signer=signer, size=2)
        database.outbox_written = WakeElsewhere(settings, RIGHTS)
        return cls(settings, database)

    async def open(self, people: Sequence[Someone]) -> list[UUID]:
        """Open a request for each address, a batch in a transaction: work begins with the first."""
        checked_at = datetime.now(UTC)
        passed_at = await barrier(self._database)
        part = Slice(INVENTORY, store.find_subjects)
        openings = [
            Opening(
                language="en",
                received_at=checked_at,
                checked_at=checked_at,
                identity=Identity.ATTESTED,
                addresses=(one.address,),
                scope=SLICES,
            )
            for one in people
        ]
        requests: list[UUID] = []
        for start in range(0, len(openings), BATCH):
            some = openings[start : start + BATCH]
            async with self._database.begin() as tx:
                requests += await open_requests(tx, some, part=part, passed_at=passed_at)
        return requests

    async def close(self) -> None:
        """Close the connections."""
        await self._database.close()


async def erase(origin: Origin, people: Sequence[Someone]) -> Erased:
    """Open a request for everybody, and measure until the last certificate.

    The origin erases its own slice as it opens, so that is in the time.
    """
    began = time.perf_counter()
    requests = await origin.open(people)
    await certified(origin.settings, requests)
    done = time.perf_counter()
    return Erased(requests, people, Turn(len(people), done - began))


async def certified(settings: Settings, requests: Sequence[UUID]) -> None:
    """Wait until every request has its certificate committed. Raises TimeoutError."""
    await _until(
        settings,
        "erasure",
        """
        select case when exists (select from open_saga where request_id >= $1) then 0
                    else (select count(*) from certificate where request_id >= $1)
                end
        """,
        min(requests),
        len(requests),
    )


async def ended(settings: Settings, requests: Sequence[UUID]) -> None:
    """Wait until every request's aliases have ended, and everybody has heard so."""
    await _until(
        settings,
        "erasure",
        "select count(*) from saga_end where request_id >= $1",
        min(requests),
        len(requests),
    )


async def _until(settings: Settings, service: str, sql: str, first: UUID, count: int) -> None:
    """Ids of requests are ordered by time, so what is counted is this group only."""
    async with Admin(settings, service) as connection, asyncio.timeout(PATIENCE_S):
        asked = await connection.prepare(sql)
        while await asked.fetchval(first) < count:  # noqa: ASYNC110 - a condition of another process
            await asyncio.sleep(POLL_S)


async def erase_bare(settings: Settings, people: Sequence[Someone], said: broker.Said) -> Turn:
    """Delete the same rows in batches and send as many message lines, beside: the limit."""
    size = max(1, round(said.bytes / said.messages))
    records = [broker.Raw(bytes(size))] * said.messages
    producer = await broker.raw_producer(settings)
    try:
        async with both_slices(settings) as slices:
            began = time.perf_counter()
            await asyncio.gather(delete_bare(slices, people), broker.produce(producer, records))
            return Turn(len(people), time.perf_counter() - began)
    finally:
        await producer.stop()


@asynccontextmanager
async def both_slices(settings: Settings) -> AsyncIterator[Slices]:
    """Connect to both slices, before the clock starts."""
    async with Admin(settings, NEWSLETTER) as newsletter, Admin(settings, RIGHTS) as rights:
        yield newsletter, rights


async def delete_bare(slices: Slices, people: Sequence[Someone]) -> None:
    """Delete the rows of people in both slices, in batches."""
    newsletter, rights = slices
    await asyncio.gather(
        _delete(newsletter, TABLES, sorted(one.subject_id for one in people)),
        _delete(rights, ASKING_TABLES, sorted(one.asking_id for one in people)),
    )


async def _delete(connection: Any, tables: Sequence[str], ids: Sequence[UUID]) -> None:
    for start in range(0, len(ids), BATCH):
        async with connection.transaction():
            for table in tables:
                await connection.execute(
                    f"delete from {table} where subject_id = any($1::uuid[])",
                    ids[start : start + BATCH],
                )
