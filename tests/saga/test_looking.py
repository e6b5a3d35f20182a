"""A receipt is looked at as soon as its closed ids are here, and not before."""

from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

from contracts.messages import Message, SliceErased, SubjectsClosed, uuid7
from contracts.vocabulary import Outcome, Reason
from shared.consumer.lines import AnyLine
from shared.database import Database, Transaction
from shared.saga import looking
from tests.saga.shop import SHOP, Town


def _line(message: Message) -> AnyLine:
    return AnyLine(
        message, cast("Any", None), cast("Any", None), 0, message.model_dump_json().encode()
    )


def _receipt(tx: Transaction, closed: int) -> SliceErased:
    return SliceErased(
        receipt_id=uuid7(),
        request_id=uuid7(),
        reason=Reason.REQUESTED,
        outcome=Outcome.DELETED if closed else Outcome.HELD_NOTHING,
        rows={},
        closed_count=closed,
        closed_root="00" * 32,
        inventory_sha256="00" * 32,
        policy_version="1.0",
        covered_until=tx.now,
        erased_at=tx.now,
    )


async def test_a_receipt_waits_for_its_ids_and_not_for_a_second(here: Town) -> None:
    own = await Database.connect(here.settings, f"{SHOP}_verifier", "app", size=1)
    try:
        async with own.begin() as tx:
            nothing, one = _receipt(tx, 0), _receipt(tx, 1)
            subject = uuid4()
            ids = SubjectsClosed(
                receipt_id=one.receipt_id,
                request_id=one.request_id,
                attempt=0,
                number=1,
                of=1,
                subject_ids=(subject,),
            )
            await looking.note_receipts(tx, [_line(nothing), _line(one)])
            before = await looking.due(tx)
            await looking.note_closed(tx, [_line(ids)])
            after = await looking.due(tx)
            await tx.execute("delete from closed where receipt_id = $1", one.receipt_id)
            tx.now += timedelta(seconds=2)
            late = await looking.due(tx)
            await looking.done(tx, late)
    finally:
        await own.close()

    assert [each.receipt_id for each in before] == [nothing.receipt_id]
    assert {each.receipt_id: each.ids for each in after} == {
        nothing.receipt_id: frozenset(),
        one.receipt_id: frozenset({subject}),
    }
    assert {each.receipt_id for each in late} == {nothing.receipt_id, one.receipt_id}
