"""Every statement about cases and letters."""

from dataclasses import fields
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from services.contact.rules import Case, Letter
from shared.database import Transaction
from shared.slice import find_by

_CASE = ", ".join(field.name for field in fields(Case))
_LETTER = ", ".join(field.name for field in fields(Letter))
AT_MOST: Final = 200  # cases on one page of the queue


async def add_case(tx: Transaction, case: Case) -> None:
    """Store a case; its subject exists already."""
    tx.write(
        """
        insert into inquiry (subject_id, reference, email, company, telephone, language, button,
                             asked_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        case.subject_id, case.reference, case.email, case.company, case.telephone, case.language,
        case.button, case.asked_at,
    )  # fmt: skip


async def add_letter(tx: Transaction, subject_id: UUID, text: str, *, from_us: bool) -> UUID:
    """Store a letter of a case; return its id."""
    letter_id = uuid4()
    tx.write(
        """
        insert into letter (letter_id, subject_id, from_us, text, written_at)
        values ($1, $2, $3, $4, $5)
        """,
        letter_id, subject_id, from_us, text, tx.now,
    )  # fmt: skip
    return letter_id


async def find_case(tx: Transaction, subject_id: UUID) -> Case | None:
    """Give a case that is being handled, or None."""
    row = await tx.fetchrow(
        f"select {_CASE} from inquiry where subject_id = $1 and ended_at is null", subject_id
    )
    return None if row is None else Case(**row)


async def lock_case(tx: Transaction, subject_id: UUID) -> Case | None:
    """Give a case to one transaction at a time; None also while it is restricted (Art. 18)."""
    row = await tx.fetchrow(
        f"select {_CASE} from inquiry where subject_id = $1 and ended_at is null for update",
        subject_id,
    )
    return None if row is None else Case(**row)


async def note_asked(tx: Transaction, subject_id: UUID) -> None:
    """Note that the person wrote: the case is open."""
    await tx.execute(
        "update inquiry set asked_at = $2, answered_at = null where subject_id = $1",
        subject_id, tx.now,
    )  # fmt: skip


async def note_answered(tx: Transaction, subject_id: UUID) -> None:
    """Note that we answered."""
    await tx.execute(
        "update inquiry set answered_at = $2 where subject_id = $1", subject_id, tx.now
    )


async def reopen(tx: Transaction, subject_id: UUID) -> bool:
    """Our answer did not arrive: the person waits as before. False: a later answer may have."""
    return bool(
        await tx.execute(
            """
            update inquiry
               set answered_at = null
             where subject_id = $1
               and ended_at is null
               and not exists (select from letter
                                where letter.subject_id = $1
                                  and from_us
                                  and failed_at is null
                                  and written_at > asked_at)
            """,
            subject_id,
        )
    )


async def end(tx: Transaction, subject_id: UUID) -> bool:
    """Stop handling a case at once; the worker deletes it. False: there is none."""
    return bool(
        await tx.execute(
            "update inquiry set ended_at = $2 where subject_id = $1 and ended_at is null",
            subject_id, tx.now,
        )
    )  # fmt: skip


async def find_letter(tx: Transaction, letter_id: UUID) -> Letter | None:
    """Give one letter, or None."""
    row = await tx.fetchrow(f"select {_LETTER} from letter where letter_id = $1", letter_id)
    return None if row is None else Letter(**row)


async def letters_of(tx: Transaction, subject_id: UUID) -> list[Letter]:
    """Give the letters of a case, oldest first."""
    rows = await tx.fetch(
        f"select {_LETTER} from letter where subject_id = $1 order by written_at", subject_id
    )
    return [Letter(**row) for row in rows]


async def note_sent(tx: Transaction, letter_id: UUID) -> None:
    """Note that the mail server took our letter."""
    await tx.execute(
        "update letter set sent_at = $2, failed_at = null where letter_id = $1", letter_id, tx.now
    )


async def note_failed(tx: Transaction, letter_id: UUID) -> None:
    """Note that our letter could not be delivered."""
    await tx.execute("update letter set failed_at = $2 where letter_id = $1", letter_id, tx.now)


async def queue(tx: Transaction) -> list[Case]:
    """Give the cases that are handled: open ones first, those that wait longest before others."""
    rows = await tx.fetch(
        f"""
        select {_CASE}
          from inquiry
         where ended_at is null
         order by answered_at is not null, asked_at
         limit $1
        """,
        AT_MOST,
    )
    return [Case(**row) for row in rows]


async def count(tx: Transaction, within: timedelta) -> dict[str, int]:
    """Count open, overdue and answered cases."""
    row = await tx.fetchrow(
        """
        select count(*) filter (where answered_at is null)                        as open,
               count(*) filter (where answered_at is null and asked_at <= $1)     as overdue,
               count(*) filter (where answered_at is not null)                    as answered
          from inquiry
         where ended_at is null
        """,
        tx.now - within,
    )
    return {} if row is None else dict(row)


find_subjects: Final = find_by("inquiry.email")
