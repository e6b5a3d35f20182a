"""Statements about accounts: from the sign-up to the end."""

from collections.abc import Collection
from dataclasses import astuple
from typing import Any
from uuid import UUID

from services.registration.rules import DETAILS, Account, Declared, Details
from shared.database import Transaction

_DETAILS = ", ".join(DETAILS)
_ACCOUNT = f"""
    a.subject_id, a.email, {", ".join(f"a.{name}" for name in DETAILS)}, a.language,
    a.submitted_at, a.confirmed_at, a.ended_at, s.restricted_at
"""
_LIVE = "confirmed_at is not null and ended_at is null"


async def add_pending(tx: Transaction, account: Account) -> None:
    """Store a sign-up; its subject exists already."""
    places = ", ".join(f"${number}" for number in range(1, len(DETAILS) + 5))
    await tx.execute(
        f"""
        insert into account (subject_id, email, language, submitted_at, {_DETAILS})
        values ({places})
        """,
        account.subject_id, account.email, account.language, account.submitted_at,
        *astuple(account.details),
    )  # fmt: skip


async def find(tx: Transaction, subject_id: UUID) -> Account | None:
    """Give an account in whatever state, or None if there is none under this id."""
    row = await tx.fetchrow(
        f"""
        select {_ACCOUNT}
          from account a
          join subject s using (subject_id)
         where a.subject_id = $1
        """,
        subject_id,
    )
    return None if row is None else account_of(row)


async def live_at(tx: Transaction, email: str) -> UUID | None:
    """Give the subject that has the live account at exactly this address, or None."""
    found: UUID | None = await tx.fetchval(
        f"select subject_id from account where email = $1 and {_LIVE}", email
    )
    return found


async def confirm(tx: Transaction, subject_id: UUID) -> bool:
    """Make a pending account a live one. False: nobody waits here any more."""
    touched = await tx.execute(
        """
        update account
           set confirmed_at = $2
         where subject_id = $1 and confirmed_at is null and ended_at is null
        """,
        subject_id, tx.now,
    )  # fmt: skip
    return bool(touched)


async def end(tx: Transaction, subject_id: UUID) -> bool:
    """End an account or a sign-up at once; the worker deletes it. False: it has ended already."""
    touched = await tx.execute(
        "update account set ended_at = $2 where subject_id = $1 and ended_at is null",
        subject_id, tx.now,
    )  # fmt: skip
    return bool(touched)


async def change_details(tx: Transaction, subject_id: UUID, details: Details) -> bool:
    """Replace a person's details; the row before is gone. False: the account is restricted."""
    pairs = ", ".join(f"{name} = ${number}" for number, name in enumerate(DETAILS, 2))
    touched = await tx.execute(
        f"update account set {pairs} where subject_id = $1 and {_LIVE}",
        subject_id,
        *astuple(details),
    )
    return bool(touched)


async def set_email(tx: Transaction, subject_id: UUID, email: str) -> bool:
    """Give an account another address. False: it is restricted or has ended.

    The relationship counts from now for whoever asks about the new address.
    """
    touched = await tx.execute(
        f"update account set email = $2 where subject_id = $1 and {_LIVE}", subject_id, email
    )
    if touched:
        await tx.execute(
            "update subject set address_since = now() where subject_id = $1", subject_id
        )
    return bool(touched)


async def add_declared(tx: Transaction, declared: Collection[Declared]) -> None:
    """Store the boxes that were ticked."""
    await tx.executemany(
        """
        insert into declared (subject_id, purpose, wording_sha256, button, form)
        values ($1, $2, $3, $4, $5)
        """,
        [astuple(one) for one in declared],
    )


async def find_declared(tx: Transaction, subject_id: UUID) -> list[Declared]:
    """Give the boxes that a pending account ticked."""
    rows = await tx.fetch(
        "select * from declared where subject_id = $1 order by purpose", subject_id
    )
    return [Declared(**row) for row in rows]


async def take_declared(tx: Transaction, subject_id: UUID) -> list[Declared]:
    """Remove and return the boxes that were ticked: consents are made of them."""
    rows = await tx.fetch("delete from declared where subject_id = $1 returning *", subject_id)
    return [Declared(**row) for row in sorted(rows, key=lambda row: str(row["purpose"]))]


async def set_password(tx: Transaction, subject_id: UUID, hashed: str) -> None:
    """Set or replace a password's hash; the one before is gone."""
    await tx.execute(
        """
        insert into credential (subject_id, hash, changed_at)
        values ($1, $2, $3)
            on conflict (subject_id) do update
           set hash = excluded.hash, changed_at = excluded.changed_at
        """,
        subject_id, hashed, tx.now,
    )  # fmt: skip


async def hash_at(tx: Transaction, email: str) -> tuple[UUID, str] | None:
    """Give subject and password hash of the live account at an address."""
    row = await tx.fetchrow(
        f"""
        select subject_id, hash
          from account
          join credential using (subject_id)
         where email = $1 and {_LIVE}
        """,
        email,
    )
    return None if row is None else (row["subject_id"], row["hash"])


async def hash_of(tx: Transaction, subject_id: UUID) -> str | None:
    """Give the password hash of a subject."""
    found: str | None = await tx.fetchval(
        "select hash from credential where subject_id = $1", subject_id
    )
    return found


async def mail_waits(tx: Transaction, subject_id: UUID, kind: str) -> bool:
    """Say whether a mail of this kind to a subject is still in the queue."""
    found: bool = await tx.fetchval(
        "select exists (select from mail where subject_id = $1 and kind = $2)", subject_id, kind
    )
    return found


async def count_states(tx: Transaction) -> dict[str, int]:
    """Count accounts by state, for staff; names nobody."""
    row = await tx.fetchrow(
        """
        select count(*) filter (where confirmed_at is null and ended_at is null) as pending,
               count(*) filter (where confirmed_at is not null and ended_at is null
                                  and restricted_at is null) as live,
               count(*) filter (where ended_at is null and restricted_at is not null) as restricted,
               count(*) filter (where ended_at is not null) as ended
          from account
          join subject using (subject_id)
        """
    )
    return dict(row) if row else {}


def account_of(row: Any) -> Account:
    """Make an account of a row that has all its columns."""
    return Account(
        subject_id=row["subject_id"],
        email=row["email"],
        details=Details(**{name: row[name] for name in DETAILS}),
        language=row["language"],
        submitted_at=row["submitted_at"],
        confirmed_at=row["confirmed_at"],
        ended_at=row["ended_at"],
        restricted_at=row["restricted_at"],
    )
