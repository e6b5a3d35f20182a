"""A receipt is looked at as soon as its closed ids are here, and not before."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

from contracts.messages import (
    AliasesDestroyed,
    Message,
    SliceErased,
    SliceReerased,
    SubjectsClosed,
    uuid7,
)
from contracts.vocabulary import Outcome, Reason
from shared.consumer.lines import AnyLine
from shared.database import Database, Transaction
from shared.saga import looking
from tests.ledger import requested
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


async def test_only_a_restored_database_takes_a_closed_request_for_answered(here: Town) -> None:
    own = await Database.connect(here.settings, f"{SHOP}_verifier", "app", size=1)
    asked = requested()
    over = AliasesDestroyed(request_id=asked.request_id, count=1, remaining=0)
    left = {}
    try:
        for catching_up, source in ((False, "rights"), (True, SHOP), (True, "rights")):
            async with own.begin() as tx:
                tx.catching_up = catching_up
                first = _receipt(tx, 0).model_copy(update={"request_id": asked.request_id})
                again = SliceReerased(**dict(first), attempt=1)
                await looking.note_asked(tx, [_line(asked)])
                await looking.note_receipts(tx, [_line(first), _line(again)])
                told = SimpleNamespace(message=over, event=SimpleNamespace(source=source))
                await looking.forget_asked(tx, [cast("AnyLine", told)])
                due = await looking.due(tx)
                left[catching_up, source] = {
                    each.attempt for each in due if each.receipt_id == first.receipt_id
                }
                await looking.done(tx, due)
    finally:
        await own.close()

    assert left == {
        (False, "rights"): {0, 1},  # it never was answered, and waits with an alarm
        (True, SHOP): {0, 1},  # only the request's own origin says when it is over
        (True, "rights"): {1},
    }
