"""A slice that was taken over says with its own key what would bring a certificate too early."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.messages import (
    AliasesDestroyed,
    ErasureRequested,
    Held,
    SliceErased,
    SliceReerased,
    SliceVerified,
)
from contracts.vocabulary import Ground, Outcome, Reason
from shared.saga.decisions import POLICY_VERSION, closed_root
from shared.saga.verifier import verify_work
from tests.saga.shop import INVENTORY, SHOP, Town


def nothing_held(receipt: UUID, request: UUID, cutoff: datetime) -> dict[str, Any]:
    return {
        "receipt_id": receipt,
        "request_id": request,
        "reason": Reason.REQUESTED,
        "outcome": Outcome.HELD_NOTHING,
        "rows": {},
        "closed_count": 0,
        "closed_root": closed_root(()).hex(),
        "inventory_sha256": INVENTORY.sha256,
        "policy_version": POLICY_VERSION,
        "covered_until": cutoff,
        "erased_at": cutoff,
    }


async def test_nobody_but_the_origin_makes_a_verifier_forget_what_was_asked(here: Town) -> None:
    """Forgotten, a second attempt would be looked at by its ids alone: none, so nothing left."""
    rights, _ = here.works()
    email = here.somebody()
    await here.customer(email)
    async with here.answering(), here.working(rights):
        (request,) = await here.request(email)
        (asked,) = await here.await_heard(request, ErasureRequested, "rights")
        said = nothing_held(uuid4(), request, asked.cutoff)
        await here.say(SHOP, SliceErased(**said))
        await here.say(SHOP, AliasesDestroyed(request_id=request, count=1, remaining=0))
        await here.say(SHOP, SliceReerased(attempt=1, **said))
        async with here.working(verify_work(here.settings, SHOP)):
            seen = await here.await_heard(request, SliceVerified, SHOP, count=2)
    assert {one.attempt: one.remaining for one in seen} == {0: 1, 1: 1}


SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
LATER = SOON + timedelta(days=365)
Kept = Sequence[tuple[str, datetime]]  # paragraph and end of each row
LIES: dict[str, tuple[Kept, Kept, int]] = {
    "as it is": ([("ao-147-3", SOON), ("ao-147-3", LATER)],) * 2 + (0,),
    "fewer than it keeps": ([("ao-147-3", SOON)], [("ao-147-3", SOON)] * 3, 2),
    "nothing, and keeps": ([], [("ao-147-3", SOON)], 1),
    "more than it keeps": ([("ao-147-3", SOON)] * 2, [("ao-147-3", SOON)], 1),
    "an end before the true one": ([("ao-147-3", SOON)], [("ao-147-3", LATER)], 2),
    "another paragraph": ([("ao-147-3", SOON)], [("hgb-257", SOON)], 2),
    "what ends at this moment": ([("ao-147-3", datetime.now(UTC))], [], 0),
}


@pytest.mark.parametrize(("says", "keeps", "remaining"), LIES.values(), ids=LIES.keys())
async def test_what_is_held_is_counted_by_another_process(
    here: Town, says: Kept, keeps: Kept, remaining: int
) -> None:
    rights, _ = here.works()
    async with here.answering(), here.working(rights, verify_work(here.settings, SHOP)):
        (request,) = await here.request(here.somebody())
        (asked,) = await here.await_heard(request, ErasureRequested, "rights")
        await keep(here, request, keeps)
        await keep(here, uuid4(), [("ao-147-3", SOON)])  # another's
        held = tuple(
            Held(ground=Ground.LEGAL_OBLIGATION, reference=name, until=until, rows=rows)
            for (name, until), rows in sorted(Counter(says).items())
        )
        said = nothing_held(uuid4(), request, asked.cutoff)
        said |= {"held": held, "outcome": Outcome.HELD if held else Outcome.HELD_NOTHING}
        await here.say(SHOP, SliceErased(**said))
        (seen,) = await here.await_heard(request, SliceVerified, SHOP)

    assert seen.remaining == remaining


async def keep(here: Town, request: UUID, rows: Kept) -> None:
    """Move rows aside on a request, as the role may that erases."""
    async with here.shop.begin() as tx:
        await tx.executemany(
            """
            insert into held (hold_id, request_id, ground, reference, until, fields)
            values (gen_random_uuid(), $1, 'legal-obligation', $2, $3, '{}')
            """,
            [(request, *row) for row in rows],
        )
