"""Participants that a newer register adds to sagas which have no certificate yet."""

from collections.abc import Mapping
from uuid import UUID

from contracts.messages import SagaExtended
from services.erasure import rules
from services.erasure.facts import Requested
from services.erasure.settings import EXTEND_BATCH
from services.erasure.store import sagas
from services.erasure.store.facts import facts_of
from services.erasure.store.register import Register
from shared.database import Transaction


async def extend(tx: Transaction, asked: Mapping[UUID, Requested], mine: Register) -> None:
    """Add and announce what our register has in addition to each saga's own participants."""
    known = {request_id: fact.participants for request_id, fact in asked.items()}
    await _announce(tx, asked, known, mine)


async def extend_open(tx: Transaction, mine: Register) -> bool:
    """Hold one batch of open sagas against our newest register; False when none was behind."""
    behind = await sagas.take_lagging(tx, mine.version, EXTEND_BATCH)
    if not behind:
        return False
    states = {key: rules.reduce(found) for key, found in (await facts_of(tx, behind)).items()}
    asked = {key: saga.requested for key, saga in states.items() if saga.requested is not None}
    known = {request_id: states[request_id].participants for request_id in asked}
    await _announce(tx, asked, known, mine)
    return True


async def _announce(
    tx: Transaction,
    asked: Mapping[UUID, Requested],
    known: Mapping[UUID, frozenset[str]],
    mine: Register,
) -> None:
    for request_id, fact in asked.items():
        added = rules.addition(fact.scope, known[request_id], mine.participants)
        if added:
            tx.tell(
                SagaExtended(
                    request_id=request_id,
                    register_version=mine.version,
                    participants=tuple(sorted(added)),
                )
            )
    told = [
        sagas.Extension(sealed.message, sealed.record_id, sealed.line, sealed.bytes)
        for sealed in await tx.flush()
        if isinstance(sealed.message, SagaExtended)
    ]
    if told:
        await sagas.extend(tx, told)
