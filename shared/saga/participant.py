"""A slice's part in the saga: claim check before the transaction, and trying again beside it.

A service writes `REACTIONS = {**slice_reactions(INVENTORY, store.find_subjects), ...}`, makes a
`Participant` in its worker, gives `participant.before` to its reader and lets
`participant.retry()` run in its task group.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from contracts.messages import ErasureRequested, SliceFailed
from shared.consumer.lines import AnyLine
from shared.consumer.ready import Ready
from shared.database import Database, Transaction, barrier, is_transient
from shared.inventory import Inventory
from shared.logs import log
from shared.saga import receipts, waiting
from shared.saga.claim_client import ClaimClient
from shared.saga.claims import Claim, Find, Resolved, Told
from shared.saga.closing import Slice, close_batch, close_requests
from shared.saga.decisions import MAX_ATTEMPTS, Answer, retry_at
from shared.saga.reactions import erase_slice, slice_reactions, together
from shared.saga.receipts import Stored
from shared.saga.restored import tell_reclosed
from shared.saga.waiting import Waiting, Why

__all__ = [
    "Claim",
    "Find",
    "Participant",
    "close_batch",
    "erase_slice",
    "slice_reactions",
    "together",
]

POLL_S: Final = 0.5


class AliasGone(Exception):  # noqa: N818 - its name travels in slice-failed
    """The origin forgot what a request is about before this slice had answered."""


class LeftOver(Exception):  # noqa: N818
    """A verifier still finds something that this slice does not find."""


class Participant:
    """One service's part, in its worker; `database` has the role `eraser` and a signer."""

    def __init__(self, database: Database, inventory: Inventory, find: Find, ready: Ready) -> None:
        self._database = database
        self._part = Slice(inventory, find)
        self._ready = ready
        self._client = ClaimClient(database.settings, database.service)
        ready.on_caught_up.append(self.catch_up)

    async def before(self, lines: Sequence[AnyLine]) -> Resolved:
        """Resolve a batch's requests with their origins and pass the barrier, once for all.

        While catching up nothing is asked: the lines only enter `waiting`.
        """
        service = self._database.service
        origins = {
            line.message.request_id: line.message.origin
            for line in lines
            if isinstance(line.message, ErasureRequested)
            and service in line.message.participants
            and service != line.message.origin
        }
        if not origins or self._ready.catching_up:
            return Resolved()
        told = await self._client.ask(origins)
        return Resolved(passed_at=await barrier(self._database), told=told)

    async def retry(self) -> None:
        """Try what waits until cancelled; an origin that is away backs off alone."""
        try:
            while True:
                await self._ready.wait()
                await self._try_all()
                await asyncio.sleep(POLL_S)
        finally:
            await self._client.close()

    async def _try_all(self) -> None:
        try:
            while await self.try_again():
                pass
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("retry-failed", error=error)

    async def catch_up(self) -> None:
        """At the end of the topics: say what was closed again, then act on what waited for it."""
        async with self._database.begin() as tx:
            await tell_reclosed(tx, self._part)
        while await self.try_again():
            pass

    async def try_again(self) -> int:
        """Work on up to 500 requests that are due; returns how many were tried."""
        async with self._database.begin() as tx:
            due = await waiting.due(tx, tx.now)
        if not due:
            return 0
        told = await self._client.ask({each.asked.request_id: each.asked.origin for each in due})
        passed_at = await barrier(self._database)
        async with self._database.begin() as tx:
            mine = await waiting.take(tx, told)
            before = await receipts.latest(tx, told)
            late = await close_requests(
                tx,
                self._part,
                [each.asked for each in mine if _answer(told, each) is Answer.ALIASES],
                told,
                passed_at,
                before,
            )
            await self._settle(tx, mine, told, late, before)
        return len(due)

    async def _settle(
        self,
        tx: Transaction,
        mine: Sequence[Waiting],
        told: Mapping[UUID, Told],
        late: Mapping[UUID, Why],
        before: Mapping[UUID, Stored],
    ) -> None:
        """Let go of what is answered; put the others off, each with its reason."""
        stored = await receipts.latest(tx, {each.asked.request_id for each in mine})
        put_off = {}
        for each in mine:
            request = each.asked.request_id
            attempt = stored[request].attempt if request in stored else -1
            acted = stored.get(request) != before.get(request)
            why = late.get(request) or _still(each, _answer(told, each), attempt, acted=acted)
            if why is not None:
                put_off[request] = (retry_at(tx.now, each.tries), each.tries + 1, why)
            if why is Why.FAILED:
                error = LeftOver if request in stored else AliasGone
                log.error("slice-failed", service=tx.service, kind=error.__name__)
                tx.tell(SliceFailed(request_id=request, error=error.__name__))
        await waiting.put_off(tx, put_off)
        await waiting.drop(tx, {each.asked.request_id for each in mine} - set(put_off))


def _answer(told: Mapping[UUID, Told], each: Waiting) -> Answer:
    return told[each.asked.request_id].answer


def _still(each: Waiting, answer: Answer, attempt: int, *, acted: bool) -> Why | None:
    """Say why a request goes on waiting, None if it is answered. `attempt` -1: no receipt here.

    *Gone* without a receipt of one's own is a failure, never `held-nothing`; so is a rest that
    the verifier sees and this slice does not find, or finds again and again.
    """
    if answer is Answer.LATER:
        return Why.ORIGIN
    if each.why is Why.LEFT_OVER and (not acted or attempt >= MAX_ATTEMPTS):
        return Why.FAILED
    return Why.FAILED if answer is Answer.GONE and attempt < 0 else None
