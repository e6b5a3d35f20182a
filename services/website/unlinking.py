"""An account that is gone leaves no visits assigned to it, however it went (R-LOG-06)."""

from collections.abc import Sequence
from typing import Final

from contracts.identifiers import uuid7
from contracts.vocabulary import Reason
from services.website import store
from services.website.inventory import INVENTORY
from shared.consumer.lines import AnyLine
from shared.database import Transaction
from shared.saga.closing import Done, Work, tell

ACCOUNTS: Final = "registration"  # closes the ids of the accounts that visitors are linked to


async def unlink_closed(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Delete the linked visits and blank the links, with one receipt of how many rows went.

    The browser's own consent stays: it was given by itself. Its blank link keeps it from ever being
    assigned to anybody again. A message that comes twice finds nothing.
    """
    closed = {
        subject: line.message.request_id
        for line in lines
        if line.event.source == ACCOUNTS
        for subject in line.message.subject_ids
    }
    gone = await store.unlink(tx, closed) if closed else {}
    if gone:
        work = Work(uuid7(), None, 0, Reason.PURPOSE_ENDED, frozenset(), tx.now)
        await tell(tx, INVENTORY, [work], {work.receipt_id: Done(gone)}, {})


async def forget_certified(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Forget on which request an account went: everybody has answered that one."""
    await store.forget_requests(tx, [line.message.request_id for line in lines])
