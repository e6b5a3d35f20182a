"""How a subscription ends: the click ends it at once, the worker then deletes it (R-NL-08)."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from contracts.vocabulary import Method, Reason
from services.newsletter import store
from services.newsletter.inventory import INVENTORY
from services.newsletter.settings import REPLACED, UNCONFIRMED, WITHDRAWN
from shared.database import Transaction
from shared.deadlines import Action, Actions, Due, clear_deadline, set_deadline
from shared.mail import forget
from shared.saga.closing import close_batch

# A mail under way is leased for some seconds; what it belongs to is deleted right after.
SOON = timedelta(seconds=2)


async def withdraw(tx: Transaction, subject_id: UUID, method: Method) -> bool:
    """End what a person takes back, confirmed or not. False: nothing was there any more.

    From this commit on nothing is sent; the worker deletes the subject and says so. A restriction
    does not stop it (Art. 7(3), 18): the deletion then waits until the restriction is lifted.
    """
    await tx.by_person()
    addresses = await store.addresses_of(tx, [subject_id])
    if not await store.end(tx, subject_id):
        return False
    await clear_deadline(tx, subject_id, UNCONFIRMED)
    await set_deadline(tx, subject_id, WITHDRAWN, tx.now, {"method": method.value})
    # Whoever comes back is a stranger: yesterday's mails are not counted against them.
    await forget(tx, addresses)
    return True


async def replace(tx: Transaction, subject_id: UUID) -> None:
    """End a subscription in favour of a newer one, confirmed from the same address."""
    await tx.by_person()
    await store.end(tx, subject_id)
    await set_deadline(tx, subject_id, REPLACED, tx.now)


def _closing(kind: str, reason: Reason) -> Action:
    async def close(tx: Transaction, due: Sequence[Due]) -> None:
        for method in {str(one.payload.get("method", "")) for one in due}:
            subjects = {
                one.subject_id: one
                for one in due
                if one.subject_id is not None and one.payload.get("method", "") == method
            }
            ended = await close_batch(tx, INVENTORY, list(subjects), reason, _method(method))
            await _again(tx, [subjects[one] for one in await _left(tx, set(subjects) - ended)])

    async def _again(tx: Transaction, due: Sequence[Due]) -> None:
        for one in due:
            await set_deadline(tx, one.subject_id, kind, tx.now + SOON, one.payload)

    return close


async def _left(tx: Transaction, subjects: Collection[UUID]) -> list[UUID]:
    """Give those that are still there: their mail was under way when they were to be deleted."""
    rows = await tx.fetch(
        "select subject_id from subject where subject_id = any($1::uuid[])", list(subjects)
    )
    return [row["subject_id"] for row in rows]


def _method(name: str) -> Method | None:
    return Method(name) if name else None


DEADLINES: Actions = {
    UNCONFIRMED: _closing(UNCONFIRMED, Reason.UNCONFIRMED),
    WITHDRAWN: _closing(WITHDRAWN, Reason.WITHDRAWN),
    REPLACED: _closing(REPLACED, Reason.REPLACED),
}
