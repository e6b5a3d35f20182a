"""What the ledger does when others speak: one statement a batch, the first word wins.

Everything here is final by state, so a message that comes twice, late or out of order changes
nothing, and no inbox row is needed.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from contracts.messages import (
    AliasesDestroyed,
    ConsentGranted,
    ConsentWithdrawn,
    ErasureCertified,
    ErasureRequested,
    HoldEnded,
    Message,
    ProcessorAnswered,
    RegisterPublished,
    SagaExtended,
    SliceErased,
    SliceFailed,
    SliceReerased,
    SliceVerified,
)
from contracts.topics import CONSENT, ERASURE, ERASURE_SERVICE
from services.erasure import extending, facts
from services.erasure.log import store as log
from services.erasure.settings import ErasureSettings
from services.erasure.store import (
    answers,
    certificates,
    consents,
    evidence,
    register,
    sagas,
    supplements,
)
from services.erasure.store.register import Register
from shared.consumer.lines import Delivery, Line, Reactions, Reader
from shared.database import Transaction
from shared.logs import log as logs

REPLAYABLE: Final[frozenset[type[Message]]] = frozenset(
    {
        AliasesDestroyed,
        ConsentGranted,
        ConsentWithdrawn,
        ErasureCertified,
        ErasureRequested,
        HoldEnded,
        ProcessorAnswered,
        RegisterPublished,
        SagaExtended,
        SliceErased,
        SliceFailed,
        SliceReerased,
        SliceVerified,
    }
)


class Ledger:
    """The reactions of one worker; `due` wakes the certifier of the same process."""

    def __init__(self, settings: ErasureSettings, due: asyncio.Event) -> None:
        self._settings = settings
        self._due = due

    def reader(self) -> Reader:
        """Say what the service hears."""
        return Reader(
            service=ERASURE_SERVICE,
            topics=(ERASURE.name, CONSENT.name),
            reactions=self.reactions(),
            evidence=add_evidence,
            replayable=REPLAYABLE,
            unordered=REPLAYABLE,
        )

    def reactions(self) -> Reactions:
        """Return the whole of what the service hears."""
        return {
            ErasureRequested: self.begin,
            SliceErased: self.count_receipts,
            SliceReerased: self.count_receipts,
            SliceVerified: self.count_read_backs,
            SliceFailed: sagas.add_failures,
            SagaExtended: learn_extensions,
            ErasureCertified: learn_certificates,
            AliasesDestroyed: sagas.end,
            ProcessorAnswered: supplements.add,
            HoldEnded: supplements.add,
            RegisterPublished: self.learn_register,
            ConsentGranted: consents.add_granted,
            ConsentWithdrawn: consents.add_withdrawn,
        }

    async def begin(self, tx: Transaction, lines: Sequence[Line[ErasureRequested]]) -> None:
        """Open sagas; those of a register version that is not known here wait for it."""
        new = await sagas.begin(tx, lines)
        mine = await register.latest(tx)
        due = {
            line.message.request_id: facts.requested(
                line.message, place(line), digest(line), line.event.source
            )
            for line in reversed(lines)
            if line.message.request_id in new
        }
        reached = {key: fact for key, fact in due.items() if fact.register_version <= mine.version}
        remind_at = tx.now + self._settings.reminder_interval
        for sagas_of, version in ((reached, mine.version), (due.keys() - reached.keys(), 0)):
            ends = {key: due[key].due_at for key in sagas_of}
            await sagas.open_up(tx, ends, version, remind_at)
        await extending.extend(tx, reached, mine)

    async def count_receipts(
        self, tx: Transaction, lines: Sequence[Line[SliceErased] | Line[SliceReerased]]
    ) -> None:
        """Store the answers of participants. A receipt that nobody asked for is evidence only."""
        said = [line for line in lines if line.message.request_id is not None]
        if not said:
            return
        await answers.add_receipts(tx, said)
        # A read-back that overtook its receipt would otherwise never be looked at again.
        self._wake(tx, await answers.mark_ready(tx, requests_of(said)))

    async def count_read_backs(self, tx: Transaction, lines: Sequence[Line[SliceVerified]]) -> None:
        """Store what verifiers found, and wake the certifier where that may have been the last."""
        said = [line for line in lines if line.message.request_id is not None]
        if not said:
            return
        await answers.add_read_backs(tx, said)
        self._wake(tx, await answers.mark_ready(tx, requests_of(said)))

    async def learn_register(
        self, tx: Transaction, lines: Sequence[Line[RegisterPublished]]
    ) -> None:
        """Store versions of the register; the certifier holds open sagas against the newest."""
        for line in lines:
            version = Register(line.message.version, frozenset(line.message.participants))
            await register.add_version(tx, version, line.event.time)
        self._wake(tx, found=True)

    def _wake(self, tx: Transaction, found: bool) -> None:  # noqa: FBT001
        if found:
            tx.on_commit(self._due.set)


async def learn_extensions(tx: Transaction, lines: Sequence[Line[SagaExtended]]) -> None:
    """Learn our own extensions again: a restored database may not have them."""
    await sagas.extend(
        tx,
        [sagas.Extension(line.message, line.record_id, line.line, line.bytes) for line in lines],
    )


async def learn_certificates(tx: Transaction, lines: Sequence[Line[ErasureCertified]]) -> None:
    """Learn our own certificates again: one that was told is never made a second time."""
    first = {line.message.request_id: line.message for line in reversed(lines)}
    heard = certificates.heard(list(first.values()))
    if not await log.hear(tx, heard):
        logs.critical("log-has-a-second-history", service=ERASURE_SERVICE)
    await certificates.add(tx, heard)


async def add_evidence(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Keep the records of `erasure.v1`, and let their transactions wait for the log."""
    await evidence.add_records(tx, deliveries)
    await log.queue(tx, deliveries)


def requests_of(lines: Sequence[Line[Any]]) -> set[UUID]:
    """Name the requests that lines are about."""
    return {line.message.request_id for line in lines}


def place(line: Line[Any]) -> facts.Place:
    """Say where a line stands."""
    return facts.Place(line.partition, line.offset, line.line)


def digest(line: Line[Any]) -> str:
    """SHA-256 of the line as sent, in hex."""
    return sha256(line.bytes).hexdigest()
