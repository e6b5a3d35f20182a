"""The verifier's last look: every column of its slice, before an origin forgets what it was about.

One scan answers for all receipts that wait for it. A scan reads the whole slice, so between two of
them there is a pause that grows with what the last one took.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from contracts.messages import SliceScanned, uuid7
from shared.consumer.ready import LEASE, ready_until
from shared.crash import crash
from shared.database import Database, Transaction, is_transient
from shared.logs import log
from shared.saga import unscanned
from shared.saga.claim_client import ClaimClient
from shared.saga.claims import LATER, Told
from shared.saga.decisions import Answer
from shared.saga.remaining import count_remaining, read_back
from shared.saga.scan import scan
from shared.saga.search import CannotLook
from shared.saga.unscanned import Unscanned

POLL_S: Final = 5.0  # what is new wakes; what was left over, or another process looked at
QUIET_S: Final = 0.3
LONGEST_WAIT_S: Final = 30.0  # for quiet
PAUSE_S: Final = 1.0
SHARE: Final = 20  # a scan that took a second is followed by a pause of this many
LONGEST: Final = "1h"  # of one statement


class Scanner:
    """Scans for one service; several may run, each receipt is answered for by one."""

    def __init__(
        self, service: str, database: Database, slice_: Database, client: ClaimClient
    ) -> None:
        """Take the verifier's own database with its signer, and the slice as role `verifier`."""
        self._service = service
        self._database, self._slice, self._client = database, slice_, client
        self._left_since: dict[tuple[UUID, int], float] = {}

    async def run(self, looked: asyncio.Event) -> None:
        """Scan until cancelled; `looked` is set once there may be something to scan for."""
        while True:
            await _quiet(looked)
            began, waited = time.monotonic(), 0
            try:
                waited = await self.step()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("scan-waits", service=self._service, error=error)
            if waited:
                await asyncio.sleep(max(PAUSE_S, SHARE * (time.monotonic() - began)))
            with suppress(TimeoutError):
                await asyncio.wait_for(looked.wait(), POLL_S)

    async def step(self) -> int:
        """Scan once for everything that waits; returns how many requests that were.

        No transaction of the verifier's own is open meanwhile. What changed under the scan, and
        what something is left of, waits for the next one.
        """
        async with self._database.begin() as tx:
            waits = await unscanned.waiting(tx)
        if not waits:
            return 0
        told = await self._client.ask({each.request_id: each.origin for each in waits})
        over = [each for each in waits if _answer(each, told) is Answer.GONE]
        asked = [each for each in waits if _answer(each, told) is Answer.ALIASES]
        remaining = await self._scan(asked, told)
        clean = [each for each in asked if remaining.get(each.key) == 0]
        left = self._lasting([each for each in asked if remaining.get(each.key)])
        async with self._database.begin() as tx:
            await unscanned.done(tx, over)  # the origin has forgotten them already
            self._tell_clean(tx, await unscanned.done(tx, clean))
            self._tell_left(tx, await unscanned.mark_left_over(tx, left), told, remaining)
            crash("scanner:before-commit")
        if left:
            log.error("left-over-in-scan", service=self._service, count=len(left))
        return len(waits)

    def _lasting(self, left: Sequence[Unscanned]) -> list[Unscanned]:
        """Keep what has been left for longer than a lease lasts.

        A database that was restored a moment ago has its old lease until then, and brings people
        back whom its worker is about to close again.
        """
        now = time.monotonic()
        self._left_since = {each.key: self._left_since.get(each.key, now) for each in left}
        return [each for each in left if now - self._left_since[each.key] > LEASE.total_seconds()]

    async def _scan(
        self, asked: Sequence[Unscanned], told: Mapping[UUID, Told]
    ) -> dict[tuple[UUID, int], int]:
        if not asked:
            return {}
        ids = {subject for each in asked for subject in each.ids}
        ids |= {subject for each in asked for subject in told[each.request_id].subjects}
        addresses = {text for each in asked for text in told[each.request_id].addresses}
        try:
            async with self._slice.begin() as tx:
                await tx.execute("set transaction read only")
                if await ready_until(tx) <= tx.now:
                    return {}  # a restored slice closes again first whom it had closed
                await tx.execute(f"set local statement_timeout = '{LONGEST}'")
                remains = await scan(tx, ids, addresses)
        except CannotLook:
            log.error("scan-cannot-look", service=self._service, count=len(asked))
            return {}
        return {each.key: count_remaining(each, told[each.request_id], remains) for each in asked}

    def _tell_clean(self, tx: Transaction, scanned: Sequence[Unscanned]) -> None:
        """Tell in one line for which requests nothing is left."""
        if scanned:
            tx.tell(
                SliceScanned(
                    scan_id=uuid7(),
                    service=self._service,
                    request_ids=tuple(sorted(each.request_id for each in scanned)),
                    scanned_at=tx.now,
                )
            )

    def _tell_left(
        self,
        tx: Transaction,
        scanned: Sequence[Unscanned],
        told: Mapping[UUID, Told],
        remaining: Mapping[tuple[UUID, int], int],
    ) -> None:
        """Tell what is left as a read-back, once for each receipt: the slice acts on it."""
        tx.tell(
            *(
                read_back(
                    each,
                    told[each.request_id],
                    remaining[each.key],
                    service=self._service,
                    at=tx.now,
                )
                for each in scanned
            )
        )


async def _quiet(looked: asyncio.Event) -> None:
    """Wait until nothing new was looked at for a moment: one scan for all of it, and not beside."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_WAIT_S):
            while looked.is_set():
                looked.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(looked.wait(), QUIET_S)


def _answer(each: Unscanned, told: Mapping[UUID, Told]) -> Answer:
    return told.get(each.request_id, LATER).answer
