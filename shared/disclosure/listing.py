"""What a person can be told about what was passed on: to whom, and what became of it (Art. 19)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.database import Transaction
from shared.disclosure.telling import TellingState


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One disclosure that has not ended: to whom, for what, which kinds of data; no value."""

    recipient: str
    purpose: str
    categories: tuple[str, ...]
    disclosed_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One recipient's line in the list that a person can have."""

    recipient: str
    purpose: str
    state: TellingState
    reason: str | None
    disclosed_at: datetime
    told_at: datetime | None
    answered_at: datetime | None


async def disclosed_of(tx: Transaction, subject_id: UUID) -> list[Disclosed]:
    """List what was passed on about a subject and has not ended, the oldest first."""
    rows = await tx.fetch(
        """
        select recipient, purpose, categories, disclosed_at
          from disclosure
         where subject_id = $1
         order by disclosed_at, recipient, purpose
        """,
        subject_id,
    )
    return [Disclosed(**{**row, "categories": tuple(row["categories"])}) for row in rows]


async def told_of(tx: Transaction, request_id: UUID) -> list[Told]:
    """List whom the erasure of a request was told to, and what they answered (Art. 19)."""
    rows = await tx.fetch(
        """
        select recipient, purpose, state, reason, disclosed_at, told_at, answered_at
          from telling
         where request_id = $1
         order by recipient, purpose, disclosed_at
        """,
        request_id,
    )
    return [Told(**{**row, "state": TellingState(row["state"])}) for row in map(dict, rows)]
