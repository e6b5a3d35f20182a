"""Accesses of our own front: noted in memory, written in batches, never by way of a file."""

import asyncio
import contextlib
from collections import deque
from datetime import date
from typing import Final
from uuid import UUID

from services.website import store
from services.website.rules.visits import Access
from services.website.settings import SERVICE
from shared.database import is_transient
from shared.logs import log
from shared.parameters import duration
from shared.web.parts import Web

WAIT_SECONDS: Final = 1.0
MAX_WAITING: Final = 20_000  # more are lost: a log never makes a visitor wait
BATCH: Final = 5_000


class Recorder:
    """Writes what a web process answered; a visitor's own log only for who agreed to it."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._waiting: deque[tuple[Access, UUID | None]] = deque(maxlen=MAX_WAITING)
        self._writing: asyncio.Task[None] | None = None
        self._made_on: date | None = None
        self._one_at_a_time = asyncio.Lock()
        self._closed = False

    def note(self, access: Access, visitor: UUID | None) -> None:
        """Note one access; `visitor` is the subject whose consent to analysis stands."""
        if self._closed:
            return
        self._waiting.append((access, visitor))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(WAIT_SECONDS)
            try:
                await self.flush()
            except Exception as error:  # noqa: BLE001 - a page is never lost for its log line
                log.warning("accesses-not-written", service=SERVICE, error=error)
                if not is_transient(error):
                    self._waiting.clear()

    async def flush(self) -> None:
        """Write everything that was noted. Raises what the database raises; nothing is lost."""
        async with self._one_at_a_time:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                try:
                    await self._write(batch)
                except BaseException:
                    self._waiting.extendleft(reversed(batch))
                    raise

    async def _write(self, batch: list[tuple[Access, UUID | None]]) -> None:
        keep = duration("LOG_TTL_TECHNICAL")
        database = await self._web.database(SERVICE)
        async with database.begin() as tx:
            if self._made_on != tx.now.date():
                await store.make_days(tx, keep)
                self._made_on = tx.now.date()
            accesses = [access for access, _ in batch]
            await store.add_accesses(tx, accesses, keep)
            await store.add_totals(tx, accesses)
            await store.add_visits(tx, [(who, access) for access, who in batch if who])

    async def close(self) -> None:
        """Write what is left, and take nothing more."""
        self._closed = True
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001 - the process ends all the same
            log.warning("accesses-not-written", service=SERVICE, error=error)
