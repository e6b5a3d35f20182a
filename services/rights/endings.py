"""What falls due: a request nobody confirmed, one that is late, one that was closed long ago."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from contracts.vocabulary import Reason
from services.rights import store
from services.rights.inventory import INVENTORY
from services.rights.settings import FORGET, OVERDUE, UNCONFIRMED
from shared.database import Transaction
from shared.deadlines import Actions, Due, set_deadline
from shared.logs import log
from shared.saga.participant import close_batch

SOON = timedelta(seconds=2)  # a mail under way is leased for some seconds


async def expire(tx: Transaction, due: Sequence[Due]) -> None:
    """Delete requests that nobody confirmed (R-DL-01)."""
    subjects = {one.subject_id for one in due if one.subject_id is not None}
    ended = await close_batch(tx, INVENTORY, subjects, Reason.UNCONFIRMED)
    for subject in await store.left(tx, subjects - ended):
        await set_deadline(tx, subject, UNCONFIRMED, tx.now + SOON)


async def mark_late(tx: Transaction, due: Sequence[Due]) -> None:
    """Mark what is due and has no certificate: an alarm, and nothing is deleted for it."""
    count = await store.mark_overdue(tx, _requests(due))
    if count:
        log.error("requests-overdue", service=tx.service, count=count)


async def forget(tx: Transaction, due: Sequence[Due]) -> None:
    """Delete the last ids and times of requests that were closed REQUEST_TTL ago."""
    await store.forget_requests(tx, _requests(due))


def _requests(due: Sequence[Due]) -> set[UUID]:
    return {UUID(one.payload["request"]) for one in due}


DEADLINES: Actions = {UNCONFIRMED: expire, OVERDUE: mark_late, FORGET: forget}
