"""How a subscription ends: the click ends it at once, the worker then deletes it (R-NL-08)."""

from uuid import UUID

from contracts.vocabulary import Method
from services.newsletter import store
from services.newsletter.settings import REPLACED, UNCONFIRMED, WITHDRAWN
from shared.database import Transaction
from shared.deadlines import clear_deadline
from shared.mail import forget
from shared.slice import end_now


async def withdraw(tx: Transaction, subject_id: UUID, method: Method) -> bool:
    """End what a person takes back, confirmed or not (R-NL-07). False: nothing was there any more.

    From this commit on nothing is sent; the worker deletes the subject and says so. A restriction
    does not stop it (Art. 7(3), 18): the deletion then waits until the restriction is lifted.
    """
    await tx.by_person()
    addresses = await store.addresses_of(tx, [subject_id])
    if not await store.end(tx, subject_id):
        return False
    await clear_deadline(tx, subject_id, UNCONFIRMED)
    await end_now(tx, subject_id, WITHDRAWN, method)
    # Whoever comes back is a stranger: yesterday's mails are not counted against them.
    await forget(tx, addresses)
    return True


async def replace(tx: Transaction, subject_id: UUID) -> None:
    """End a subscription in favour of a newer one, confirmed from the same address."""
    await tx.by_person()
    await store.end(tx, subject_id)
    await end_now(tx, subject_id, REPLACED)
