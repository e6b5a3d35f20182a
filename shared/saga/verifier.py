"""The read-back: another process, another key, other code says how much is left of a receipt.

`expunge verify-slices X...` runs it. It reads its service's receipts and closed ids, asks the
origin with its own credential, and looks into the slice as role `verifier`, which may select and
nothing else. It never answers 0 when it could not look.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from contracts.messages import (
    AliasesDestroyed,
    ErasureRequested,
    SliceErased,
    SliceReerased,
    SubjectsClosed,
)
from contracts.topics import CLOSED, ERASURE
from contracts.vocabulary import Role
from shared.consumer.lines import AnyLine, Reader
from shared.crash import crash
from shared.database import Database, Transaction, is_transient
from shared.keys import signer_for
from shared.logs import log
from shared.saga import looking, unscanned
from shared.saga.claim_client import ClaimClient
from shared.saga.claims import LATER, Told
from shared.saga.decisions import Answer, closed_root, reaches_back, retry_at
from shared.saga.looking import Look
from shared.saga.remaining import count_misheld, count_remaining, read_back
from shared.saga.scanning import Scanner
from shared.saga.search import CannotLook, Remains, look
from shared.settings import Settings
from shared.worker import Work, Worker

POLL_S: Final = 1.0  # what was put off falls due; what is new wakes
ALARM_TRIES: Final = 5  # a wait that lasts longer is an alarm each time
LOOKER_ROLE: Final = "verifier"


class Blocked(StrEnum):
    """Why nothing can be said about a receipt yet."""

    IDS = "ids-do-not-match"
    ORIGIN = "origin"
    GONE = "aliases-gone"
    UNASKED = "request-unknown"
    TOO_EARLY = "covered-too-early"
    UNREADABLE = "cannot-look"


def verify_work(settings: Settings, service: str) -> Work:
    """Describe the verifier of a service. Raises MissingSecret without its key."""
    signer = signer_for(settings, service, Role.VERIFIER)
    written, looked = asyncio.Event(), asyncio.Event()

    async def reader(_: Worker) -> Reader:
        return verifier_reader(service, written)

    async def keep_looking(worker: Worker) -> None:
        slice_ = await Database.connect(settings, service, LOOKER_ROLE, size=2)
        client = ClaimClient(settings, worker.service)
        try:
            async with asyncio.TaskGroup() as group:
                verifier = Verifier(service, worker.effects, slice_, client, looked)
                group.create_task(verifier.run(written))
                scanner = Scanner(service, worker.effects, slice_, client)
                group.create_task(scanner.run(looked))
        finally:
            await client.close()
            await slice_.close()

    return Work(
        f"{service}_verifier",
        signer,
        reader,
        tasks=(keep_looking,),
        effects_role="app",
        pool_size=4,
    )


def verifier_reader(service: str, written: asyncio.Event) -> Reader:
    """Say what a verifier hears; `written` is set once something to look at was committed."""

    async def asked(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        await looking.note_asked(tx, [each for each in lines if each.message.covers(service)])

    async def receipts(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        mine = _own(lines, service)
        if mine:
            await looking.note_receipts(tx, mine)
            tx.on_commit(written.set)

    async def closed(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        mine = _own(lines, service)
        if mine:
            await looking.note_closed(tx, mine)
            tx.on_commit(written.set)

    async def destroyed(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        await looking.forget_asked(tx, lines)

    return Reader(
        f"{service}_verifier",
        (ERASURE.name, CLOSED.name),
        {
            ErasureRequested: asked,
            SliceErased: receipts,
            SliceReerased: receipts,
            SubjectsClosed: closed,
            AliasesDestroyed: destroyed,
        },
        own=frozenset({SliceErased, SliceReerased, SubjectsClosed}),
    )


def _own(lines: Sequence[AnyLine], service: str) -> list[AnyLine]:
    return [line for line in lines if line.event.source == service]


class Verifier:
    """Looks at receipts of one service in batches; several may run, each row is taken by one."""

    def __init__(
        self,
        service: str,
        database: Database,
        slice_: Database,
        client: ClaimClient,
        looked: asyncio.Event,
    ) -> None:
        """Take the verifier's own database with its signer, and the slice as role `verifier`.

        `looked` is set once a receipt waits for the scan.
        """
        self._service, self._looked = service, looked
        self._database, self._slice, self._client = database, slice_, client

    async def run(self, written: asyncio.Event) -> None:
        """Look at what is due until cancelled."""
        while True:
            written.clear()
            try:
                while await self.step() == looking.BATCH:
                    pass
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("verifier-waits", service=self._service, error=error)
            try:
                await asyncio.wait_for(written.wait(), POLL_S)
            except TimeoutError:
                continue

    async def step(self) -> int:
        """Look at up to 500 receipts; returns how many were taken, answered or put off."""
        async with self._database.begin() as tx:
            looks = await looking.due(tx)
            if not looks:
                return 0
            told = await self._client.ask(
                {each.request_id: each.origin for each in looks if each.request_id and each.origin}
            )
            blocked = {each.key: why for each in looks if (why := blocking(each, told))}
            ready = [each for each in looks if each.key not in blocked]
            remaining: Mapping[tuple[UUID, int], int] = {}
            try:
                remaining = await self._look(ready, told)
            except CannotLook:
                blocked |= dict.fromkeys((each.key for each in ready), Blocked.UNREADABLE)
                ready = []
            self._alarm(looks, blocked)
            if blocked:
                await looking.put_off(
                    tx,
                    {
                        each.key: (retry_at(tx.now, each.tries), blocked[each.key].value)
                        for each in looks
                        if each.key in blocked
                    },
                )
            self._tell(tx, ready, told, remaining)
            await looking.done(tx, ready)
            await unscanned.add(tx, [each for each in ready if not remaining[each.key]])
            tx.on_commit(self._looked.set)
            crash("verifier:before-commit")
            return len(looks)

    async def _look(
        self, looks: Sequence[Look], told: Mapping[UUID, Told]
    ) -> Mapping[tuple[UUID, int], int]:
        """Count what remains of each receipt, in one search for all of them."""
        if not looks:
            return {}
        ids = {subject for each in looks for subject in each.ids}
        addresses = set()
        for each in looks:
            claim = _claim(each, told)
            addresses |= set(claim.addresses)
            ids |= set(claim.subjects)
        async with self._slice.begin() as tx:
            await tx.execute("set transaction read only")
            remains = await look(tx, ids, addresses, _counted(looks))
        return {
            each.key: count_remaining(each, _claim(each, told), remains)
            + _misheld(each, remains, tx.now)
            for each in looks
        }

    def _tell(
        self,
        tx: Transaction,
        looks: Sequence[Look],
        told: Mapping[UUID, Told],
        remaining: Mapping[tuple[UUID, int], int],
    ) -> None:
        tx.tell(
            *(
                read_back(
                    each, _claim(each, told), remaining[each.key], service=self._service, at=tx.now
                )
                for each in looks
            )
        )

    def _alarm(self, looks: Sequence[Look], blocked: Mapping[tuple[UUID, int], Blocked]) -> None:
        for why in sorted(set(blocked.values())):
            waits = [each for each in looks if blocked.get(each.key) is why]
            late = any(each.tries >= ALARM_TRIES for each in waits)
            say = log.error if late or why not in {Blocked.IDS, Blocked.ORIGIN} else log.info
            say("read-back-waits", service=self._service, kind=why.value, count=len(waits))


def _counted(looks: Sequence[Look]) -> set[UUID]:
    """Give the requests whose retained rows can be counted: what nobody asked for has no name."""
    return {each.request_id for each in looks if each.request_id and each.held is not None}


def _misheld(each: Look, remains: Remains, now: datetime) -> int:
    if each.request_id is None or each.held is None:
        return 0
    return count_misheld(each.held, remains.held.get(each.request_id, {}), now)


NOTHING: Final = Told(Answer.GONE)


def _claim(each: Look, told: Mapping[UUID, Told]) -> Told:
    return told.get(each.request_id, NOTHING) if each.request_id else NOTHING


def blocking(each: Look, told: Mapping[UUID, Told]) -> Blocked | None:
    """Say why a receipt cannot be answered now, None if it can be looked at.

    Work done again after the aliases have ended can only be looked at by its ids; a first receipt
    whose aliases are gone is never answered.
    """
    if len(each.ids) != each.closed_count or closed_root(each.ids) != each.closed_root:
        return Blocked.IDS
    if each.request_id is None:
        return None
    if each.origin is None or each.cutoff is None:
        return None if each.attempt else Blocked.UNASKED
    if not reaches_back(each.covered_until, each.cutoff):
        return Blocked.TOO_EARLY
    answer = told.get(each.request_id, LATER).answer
    if answer is Answer.LATER:
        return Blocked.ORIGIN
    return Blocked.GONE if answer is Answer.GONE and not each.attempt else None
