"""What a slice hears of itself after a backup was restored, whatever comes first."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from contracts.messages import ConsentWithdrawn, Message, SliceErased, SliceReerased, SubjectsClosed
from contracts.vocabulary import Method, Reason
from shared.saga.closing import Slice
from shared.saga.restored import own_closed, tell_reclosed
from shared.slice import consents_of
from shared.slice.consents import WITHDRAWN_BEFORE, withdrawn_before
from shared.slice.endings import ending_actions
from tests.clock import run_all_due
from tests.kernel import eventually
from tests.slice.conftest import Shop
from tests.slice.shop import INVENTORY, NAME, PURPOSE, SERVICE
from tests.slice.test_slice import order

pytestmark = pytest.mark.asyncio(loop_scope="session")
ENDINGS = ending_actions(INVENTORY, {WITHDRAWN_BEFORE: Reason.WITHDRAWN})


def heard(message: Message) -> Any:
    """Give as much of a line as these reactions read."""
    return SimpleNamespace(message=message, event=SimpleNamespace(source=NAME))


async def test_the_consent_is_forgotten_and_the_relationship_stays(shop: Shop) -> None:
    subject = await order(shop, "kit@example.org", "remind")

    await _hear_withdrawn(shop, subject, stands_on=frozenset())
    await run_all_due(shop.eraser, ENDINGS)

    assert await _consents_and_subject(shop, subject) == (0, 1)


async def test_what_stood_on_the_consent_ends(shop: Shop) -> None:
    subject = await order(shop, "liz@example.org", "remind")

    await _hear_withdrawn(shop, subject, stands_on=frozenset({PURPOSE}))
    assert await _consents_and_subject(shop, subject) == (0, 1)
    await run_all_due(shop.eraser, ENDINGS)

    assert await _consents_and_subject(shop, subject) == (0, 0)
    assert (await shop.told(SliceErased))[-1].reason is Reason.WITHDRAWN


async def test_who_was_closed_for_a_request_is_closed_again_for_it(shop: Shop) -> None:
    subject = await order(shop, "nia@example.org", "remind")
    closed = _closed(subject)

    await _hear_withdrawn(shop, subject, stands_on=frozenset({PURPOSE}))
    with capture_logs() as logged:
        await _hear_closed(shop, closed)
    await _say_what_was_closed_again(shop)
    await run_all_due(shop.eraser, ENDINGS)

    assert await _consents_and_subject(shop, subject) == (0, 0)
    told = [one for one in await shop.told(SliceErased) if one.request_id == closed.request_id]
    assert [(one.reason, one.closed_count) for one in told] == [(Reason.REQUESTED, 1)]
    assert [one["count"] for one in logged if one["event"] == "closed-again"] == [1]


async def test_who_is_deleted_meanwhile_is_not_answered_for(shop: Shop) -> None:
    subject = await order(shop, "oda@example.org")
    closed = _closed(subject)
    with capture_logs() as logged:
        await _hear_while_deleted(shop, subject, closed)

    await _say_what_was_closed_again(shop)

    told = [*await shop.told(SliceErased), *await shop.told(SliceReerased)]
    assert closed.request_id not in {one.request_id for one in told}
    assert "closed-again" not in {one["event"] for one in logged}


async def _hear_while_deleted(shop: Shop, subject: UUID, closed: SubjectsClosed) -> None:
    """Hear of a subject that something else deletes at the same moment."""
    async with shop.eraser.begin() as other:
        await other.execute("select from subject where subject_id = $1 for update", subject)
        hearing = asyncio.create_task(_hear_closed(shop, closed))
        await eventually(lambda: _somebody_waits(shop))
        for table in INVENTORY.deletion_order:
            await other.execute(f'delete from "{table.name}" where subject_id = $1', subject)
        await other.execute("select delete_subjects($1)", [subject])
    await hearing


async def _hear_withdrawn(shop: Shop, subject: UUID, stands_on: frozenset[str]) -> None:
    async with shop.eraser.begin() as tx:
        [consent] = (await consents_of(tx, subject)).values()
        message = ConsentWithdrawn(
            consent_id=consent.consent_id,
            purpose=PURPOSE,
            method=Method.PAGE,
            withdrawn_at=consent.granted_at,
        )
        await withdrawn_before(stands_on)(tx, [heard(message)])


def _closed(subject: UUID) -> SubjectsClosed:
    return SubjectsClosed(
        receipt_id=uuid4(),
        request_id=uuid4(),
        attempt=0,
        number=1,
        of=1,
        subject_ids=(subject,),
    )


async def _hear_closed(shop: Shop, message: SubjectsClosed) -> None:
    async with shop.eraser.begin() as tx:
        await own_closed(_slice())(tx, [heard(message)])


async def _say_what_was_closed_again(shop: Shop) -> None:
    async with shop.eraser.begin() as tx:
        await tell_reclosed(tx, _slice())


def _slice() -> Slice:
    assert SERVICE.find is not None
    return Slice(INVENTORY, SERVICE.find)


async def _consents_and_subject(shop: Shop, subject: UUID) -> tuple[int, int]:
    async with shop.app.begin() as tx:
        sql = "select count(*) from subject where subject_id = $1"
        return len(await consents_of(tx, subject)), await tx.fetchval(sql, subject)


async def _somebody_waits(shop: Shop) -> bool:
    async with shop.app.begin() as tx:
        sql = "select count(*) from pg_locks where not granted"
        return bool(await tx.fetchval(sql))
