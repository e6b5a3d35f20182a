"""How relationships end without a request: a deadline of a kind, a receipt with its reason.

A service declares `endings={"unconfirmed": Reason.UNCONFIRMED}`. The web cannot delete subjects:
what ends at once is a deadline that is due at once, and the worker deletes within seconds.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.vocabulary import Method, Reason
from shared.database import Transaction
from shared.deadlines import Action, Due, set_deadline
from shared.inventory import Inventory
from shared.saga.closing import close_batch
from shared.slice.subjects import still_there

# A mail under way is leased for some seconds; what it belongs to is deleted right after.
SOON: Final = timedelta(seconds=2)
Endings = Mapping[str, Reason]


async def end_at(tx: Transaction, subject_id: UUID, kind: str, at: datetime) -> None:
    """Let a relationship end at a time (UTC); the same kind set again moves it."""
    await set_deadline(tx, subject_id, kind, at)


async def end_now(
    tx: Transaction, subject_id: UUID, kind: str, method: Method | None = None
) -> None:
    """End a relationship as soon as the worker comes to it, by an act of the person.

    `method`: how its consents ended, where the reason does not say it. Whatever must stop in this
    very commit, such as sending, the caller marks in its own row. While the subject is restricted
    the deletion waits, and runs when that is lifted.
    """
    await tx.by_person()
    await set_deadline(tx, subject_id, kind, tx.now, {"method": method.value} if method else None)


def ending(inventory: Inventory, kind: str, reason: Reason) -> Action:
    """Make what the clock does for one kind: close the subjects with one batch receipt a method."""

    async def close(tx: Transaction, due: Sequence[Due]) -> None:
        by_method: dict[str, dict[UUID, Due]] = {}
        for one in due:
            if one.subject_id is not None:
                method = str(one.payload.get("method", ""))
                by_method.setdefault(method, {})[one.subject_id] = one
        for method, subjects in by_method.items():
            how = Method(method) if method else None
            ended = await close_batch(tx, inventory, list(subjects), reason, how)
            for left in await still_there(tx, subjects.keys() - ended):
                await set_deadline(tx, left, kind, tx.now + SOON, subjects[left].payload)

    return close


def ending_actions(inventory: Inventory, endings: Endings) -> dict[str, Action]:
    """Make all of a service's declared endings."""
    return {kind: ending(inventory, kind, reason) for kind, reason in endings.items()}
