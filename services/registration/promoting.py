"""Sending a promotion: its words are fixed, deliveries queued in batches, progress watched."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.registration.issue import Issue, PromotionChanged, State
from services.registration.store import promotions
from shared.database import Database

BATCH: Final = 500  # deliveries queued in one transaction
WATCH_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a promotion is: deliveries by what became of them, and whether all are queued."""

    name: str
    states: Mapping[State, int]
    all_queued: bool

    @property
    def total(self) -> int:
        """Deliveries begun, by now."""
        return sum(self.states.values())

    @property
    def done(self) -> int:
        """Deliveries that need nothing more."""
        return self.total - self.states.get(State.QUEUED, 0)


async def begin(database: Database, issue: Issue) -> UUID:
    """Fix a promotion's words, or go on with it. Raises PromotionChanged if they differ by now."""
    async with database.begin() as tx:
        begun = await promotions.find(tx, issue.name)
        if begun is None:
            return await promotions.begin(tx, issue)
        if begun.content_sha256 != issue.content_sha256:
            raise PromotionChanged
        return begun.promotion_id


async def queue_all(database: Database, promotion_id: UUID, *, batch: int = BATCH) -> None:
    """Queue a delivery for each account that agreed; after a kill it goes on where it was."""
    last: UUID | None = None
    while True:
        async with database.begin() as tx:
            last = await promotions.queue(tx, promotion_id, last, batch)
            if last is None:
                await promotions.end_queueing(tx, promotion_id)
                return


async def progress(database: Database, issue: Issue) -> Progress:
    """Say how far a promotion is."""
    async with database.begin() as tx:
        begun = await promotions.find(tx, issue.name)
        states = await promotions.count_states(tx, begun.promotion_id) if begun else {}
        return Progress(issue.name, states, all_queued=bool(begun and begun.queued_at))


async def send(database: Database, issue: Issue, show: Callable[[Progress], None]) -> Progress:
    """Queue a promotion for all who agreed and watch until the worker has delivered it."""
    await queue_all(database, await begin(database, issue))
    while True:
        now = await progress(database, issue)
        show(now)
        if not now.states.get(State.QUEUED, 0):
            return now
        await asyncio.sleep(WATCH_S)
