"""Asking witnesses to cosign the log's public head (c2sp.org/tlog-witness, add-checkpoint).

Each is asked for itself, beside everything else: one that is slow, away or lying keeps nobody
waiting, no other witness either. What it says counts only with its signature over our own head.
"""

import asyncio
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import httpx2

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint, number
from contracts.tlog.cosignature import AddCheckpoint, line_of
from contracts.tlog.notes import MAX_NOTE_BYTES
from contracts.tlog.tiles import consistency, subtree, tiles_for
from services.erasure.log import cosignatures, store
from services.erasure.settings import Witness
from shared.database import Database
from shared.logs import log

AWAY: Final = "away"
TIMEOUT_S: Final = 10.0
CLOCKS_DIFFER: Final = timedelta(days=1)  # a time beyond is no time
TRIES: Final = 2  # the second with the size that the witness named


class Asker:
    """Asks one witness about the newest public head, as long as it has not signed it."""

    def __init__(self, database: Database, witness: Witness) -> None:
        self._database = database
        self._witness = witness
        self.trouble = ""

    async def step(self) -> bool:
        """Ask once, if there is something to ask for; says what is wrong once, until it changes."""
        async with self._database.begin() as tx:
            note = await store.public_note(tx)
            seen = (await cosignatures.latest(tx, [self._witness.key]))[self._witness.key]
        if note is None or Checkpoint.read(note).size <= seen.size:
            return False
        trouble = await self._ask(note, seen.size)
        if trouble and trouble != self.trouble:
            say = log.warning if trouble == AWAY else log.critical
            say("log-not-witnessed", kind=trouble, name=self._witness.key.name)
        self.trouble = trouble
        return False

    async def _ask(self, note: bytes, known: int) -> str:
        """Ask, and keep the line; gives what is wrong, or nothing."""
        try:
            async with asyncio.timeout(TIMEOUT_S), httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
                return await self._asked(client, note, known)
        except BadLog:
            return "unreadable"
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError):
            return AWAY

    async def _asked(self, client: httpx2.AsyncClient, note: bytes, known: int) -> str:
        size = Checkpoint.read(note).size
        for _ in range(TRIES):
            request = AddCheckpoint(known, await self._way(known, size), note)
            status, answer = await _posted(client, self._witness.url, request.body())
            if status == HTTPStatus.OK:
                line, at = line_of(note, answer, self._witness.key)
                async with self._database.begin() as tx:
                    if at > (tx.now + CLOCKS_DIFFER).timestamp():
                        raise BadLog
                    await cosignatures.add(tx, self._witness.key, size, line, at)
                return ""
            if status != HTTPStatus.CONFLICT:
                return "history-refused" if status == HTTPStatus.UNPROCESSABLE_ENTITY else "refused"
            before, known = known, number(answer.decode("ascii", "replace").removesuffix("\n"))
            if known > size:
                return "ahead"  # it saw more of this log than there is here
            if known == before:
                return "second-history"
        return "refused"

    async def _way(self, old: int, size: int) -> list[bytes]:
        """Work out the proof that the log goes on from an older head."""
        ranges = consistency(old, size)
        async with self._database.begin() as tx:
            tiles = store.hashed(await store.contents(tx, tiles_for(ranges)))
        return [subtree(tiles, *one) for one in ranges]


async def _posted(client: httpx2.AsyncClient, url: str, body: bytes) -> tuple[int, bytes]:
    """Post a request; gives status and body. Raises BadLog for an answer that is too long."""
    answer = bytearray()
    async with client.stream("POST", f"{url}/add-checkpoint", content=body) as response:
        async for part in response.aiter_bytes():
            answer += part
            if len(answer) > MAX_NOTE_BYTES:
                raise BadLog
    return response.status_code, bytes(answer)
