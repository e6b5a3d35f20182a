"""Holds end by their own date: the slice deletes what it kept, and says so for each request."""

from uuid import UUID

from contracts.messages import HoldEnded, uuid7
from contracts.vocabulary import Reason
from shared.database import Transaction
from shared.inventory import Inventory
from shared.inventory.holds import HELD, Ended, end_holds
from shared.saga.closing import Done, Work, tell
from shared.saga.said import say_once


async def end_held(tx: Transaction, inventory: Inventory, at_most: int) -> int:
    """Delete held rows whose day has come; count them (R-ACC-11).

    One batch receipt for all, and a word for each request that left something behind.
    """
    ended = await end_holds(tx, at_most)
    count = sum(one.rows for one in ended)
    if count:
        await say_once(tx, [_hold_ended(one, one.request_id) for one in ended if one.request_id])
        work = Work(uuid7(), None, 0, Reason.HOLD_ENDED, frozenset(), tx.now)
        await tell(tx, inventory, [work], {work.receipt_id: Done({HELD: count})}, {})
    return count


def _hold_ended(one: Ended, request_id: UUID) -> HoldEnded:
    return HoldEnded(
        request_id=UUID(bytes=request_id.bytes),
        ground=one.ground,
        reference=one.reference,
        until=one.until,
        rows=one.rows,
        ended_at=one.ended_at,
    )
