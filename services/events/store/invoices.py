"""Invoices of paid trainings."""

from datetime import date
from uuid import UUID

from shared.database import Transaction


async def add(
    tx: Transaction, subject_id: UUID, number: str, issued_on: date, amount_cents: int
) -> None:
    """Store a seat's invoice; another one of the same seat replaces it.

    Raises the database's UniqueViolationError for a number that is another seat's.
    """
    await tx.execute(
        """
        insert into invoice (subject_id, number, issued_on, amount_cents)
        values ($1, $2, $3, $4)
            on conflict (subject_id) do update
           set number = excluded.number, issued_on = excluded.issued_on,
               amount_cents = excluded.amount_cents
        """,
        subject_id, number, issued_on, amount_cents,
    )  # fmt: skip
