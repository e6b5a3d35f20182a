"""From a request to receipts, read-backs and the end of aliases; only the ledger is played."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg
import pytest

from contracts.messages import (
    AliasesDestroyed,
    ErasureCertified,
    SliceErased,
    SliceVerified,
    SubjectsClosed,
)
from contracts.topics import CLOSED
from contracts.vocabulary import CertificateOutcome, Outcome, ReadBack, Reason
from shared.inventory import place_hold
from shared.saga.decisions import closed_root
from shared.saga.ending_holds import end_held
from tests.kernel import eventually
from tests.saga.shop import INVENTORY, KEPT, SHOP, Town


def certified(request: UUID) -> ErasureCertified:
    return ErasureCertified(
        request_id=request,
        certificate_sha256=sha256(b"certificate").hexdigest(),
        outcome=CertificateOutcome.COMPLETE,
        log_index=None,
        certified_at=datetime.now(UTC),
    )


async def test_a_person_is_erased_read_back_and_forgotten(here: Town) -> None:
    ada, ben = here.somebody(), here.somebody()
    gone, stays = await here.customer(ada, notes=2), await here.customer(ben)

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        known, unknown = await here.request(ada, here.somebody())
        (receipt,) = await here.await_heard(known, SliceErased)
        (read_back,) = await here.await_heard(known, SliceVerified)
        (nothing,) = await here.await_heard(unknown, SliceErased)
        (looked,) = await here.await_heard(unknown, SliceVerified)
        await here.await_heard(known, SliceVerified, "rights")
        await here.say("erasure", certified(known))
        (destroyed,) = await here.await_heard(known, AliasesDestroyed, "rights")

    assert await here.subjects() == {stays}
    assert (receipt.outcome, receipt.rows) == (
        Outcome.DELETED,
        {"customer": 1, "note": 2, "subject": 1},
    )
    assert receipt.closed_root == closed_root([gone]).hex()
    assert (read_back.remaining, read_back.method) == (0, ReadBack.IDS_AND_ADDRESSES)
    assert (nothing.outcome, nothing.rows) == (Outcome.HELD_NOTHING, {})
    assert (looked.remaining, looked.method) == (0, ReadBack.ADDRESSES)
    assert (destroyed.count, destroyed.remaining) == (1, 0)
    closed = [e.message for e in await here.events(CLOSED.name) if e.subject == str(known)]
    assert [m.subject_ids for m in closed if isinstance(m, SubjectsClosed)] == [(gone,)]
    async with here.rights.begin() as tx:
        left = await tx.fetch("select request_id from alias union select request_id from nonce")
    assert [row[0] for row in left] == [unknown]


@pytest.mark.rule("R-ACC-11")
async def test_what_is_held_is_told_verified_and_ended_with_a_receipt(here: Town) -> None:
    eve = here.somebody()
    subject, until = await here.customer(eve), datetime.now(UTC) + timedelta(days=1)
    async with here.shop.begin() as tx:
        await place_hold(tx, subject, KEPT, until)

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        (known,) = await here.request(eve)
        (receipt,) = await here.await_heard(known, SliceErased)
        (read_back,) = await here.await_heard(known, SliceVerified)
        holder = await asyncpg.connect(here.settings.database_url(SHOP, "holder"))
        await holder.execute("update held set until = now()")
        await holder.close()
        async with here.shop.begin() as tx:
            ended = await end_held(tx, INVENTORY, 10)

        async def batch_verified() -> list[SliceVerified]:
            said = [event.message for event in await here.events()]
            ends = {
                one.receipt_id: one
                for one in said
                if isinstance(one, SliceErased) and one.reason is Reason.HOLD_ENDED
            }
            return [
                one for one in said if isinstance(one, SliceVerified) and one.receipt_id in ends
            ]

        (over,) = await eventually(batch_verified)

    assert (receipt.outcome, read_back.remaining) == (Outcome.HELD, 0)
    assert [(one.reference, one.rows, one.until) for one in receipt.held] == [
        ("ao-147-3", 1, until)
    ]
    assert (ended, over.request_id, over.remaining) == (1, None, 0)
