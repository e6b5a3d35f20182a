"""The root of a relationship."""

from collections.abc import Collection
from uuid import UUID, uuid4

from shared.database import Transaction


async def begin_subject(tx: Transaction) -> UUID:
    """Begin a relationship under a new random id; the database says when it began."""
    subject_id = uuid4()
    # A trigger sets both times, behind the cut-off barrier.
    tx.write("insert into subject (subject_id) values ($1)", subject_id)
    return subject_id


async def still_there(tx: Transaction, subjects: Collection[UUID]) -> set[UUID]:
    """Give those of the subjects that exist."""
    rows = await tx.fetch(
        "select subject_id from subject where subject_id = any($1::uuid[])", list(subjects)
    )
    return {row["subject_id"] for row in rows}


async def is_restricted(tx: Transaction, subject_id: UUID) -> bool:
    """Say whether a subject's data may be stored only (GDPR Art. 18)."""
    found: bool = await tx.fetchval("select is_restricted($1)", subject_id)
    return found


async def lock_text(tx: Transaction, text: str) -> None:
    """Let one transaction at a time decide about an address, until it ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", text)
