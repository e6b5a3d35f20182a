"""What falls due: a request that is late, one that was closed long ago."""

from collections.abc import Sequence
from uuid import UUID

from services.rights import store
from services.rights.settings import FORGET, OVERDUE
from shared.database import Transaction
from shared.deadlines import Actions, Due
from shared.logs import log


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


ACTIONS: Actions = {OVERDUE: mark_late, FORGET: forget}
