"""A slice that was taken over says with its own key what would bring a certificate too early."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from contracts.messages import (
    AliasesDestroyed,
    ErasureRequested,
    SliceErased,
    SliceReerased,
    SliceVerified,
)
from contracts.vocabulary import Outcome, Reason
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
