"""Every statement about requests that wait for their click."""

from typing import Final
from uuid import UUID, uuid4

from services.rights.rules import Unconfirmed
from shared.database import Transaction
from shared.slice import find_by


async def add_unconfirmed(tx: Transaction, request: Unconfirmed) -> UUID:
    """Begin a subject for a request that waits for its click; returns the subject."""
    subject = uuid4()
    await tx.execute("insert into subject (subject_id) values ($1)", subject)
    await tx.execute(
        """
        insert into unconfirmed (subject_id, address, language, received_at)
        values ($1, $2, $3, $4)
        """,
        subject,
        request.address,
        request.language,
        request.received_at,
    )
    return subject


async def find_unconfirmed(tx: Transaction, subject: UUID) -> Unconfirmed | None:
    """Give the request of a subject while it waits for its click."""
    row = await tx.fetchrow(
        "select address, language, received_at from unconfirmed where subject_id = $1", subject
    )
    return None if row is None else Unconfirmed(**row)


async def mail_waits(tx: Transaction, subject: UUID) -> bool:
    """Say whether a mail to this subject is in the queue."""
    waits: bool = await tx.fetchval(
        "select exists (select from mail where subject_id = $1)", subject
    )
    return waits


# Confirmed requests are not found: their address stands in `alias`, and an open request, the one
# that is carried out included, would otherwise erase what it is about.
find_subjects: Final = find_by("unconfirmed.address")
