"""Statements about addresses beside the account's own: wished for, left, and found by erasure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.registration.settings import STOP
from shared.database import Transaction
from shared.saga.claims import Claim
from shared.slice import begin_subject


@dataclass(frozen=True, slots=True)
class ResetWish:
    """Somebody wants a new password at an address; whose it is, only its mailbox knows."""

    email: str
    language: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class OtherAddress:
    """An address that an account is to have, or had, under a subject of its own."""

    subject_id: UUID
    account_id: UUID
    email: str
    language: str
    at: datetime


async def add_reset_wish(tx: Transaction, wish: ResetWish) -> UUID:
    """Store a wish for a new password; the same rows whether the address is known or not."""
    subject_id = await begin_subject(tx)
    await tx.execute(
        "insert into reset_wish (subject_id, email, language, asked_at) values ($1, $2, $3, $4)",
        subject_id, wish.email, wish.language, wish.asked_at,
    )  # fmt: skip
    return subject_id


async def find_reset_wish(tx: Transaction, subject_id: UUID) -> ResetWish | None:
    """Give the wish of a subject."""
    row = await tx.fetchrow(
        "select email, language, asked_at from reset_wish where subject_id = $1", subject_id
    )
    return None if row is None else ResetWish(**row)


async def add_new_address(tx: Transaction, account_id: UUID, email: str, language: str) -> UUID:
    """Store the address that an account is to have; an earlier wish gives way to it."""
    await drop_new_address(tx, account_id)
    subject_id = await begin_subject(tx)
    await tx.execute(
        """
        insert into new_address (subject_id, account_id, email, language, asked_at)
        values ($1, $2, $3, $4, $5)
        """,
        subject_id, account_id, email, language, tx.now,
    )  # fmt: skip
    return subject_id


async def take_new_address(tx: Transaction, account_id: UUID) -> None:
    """Remove the address that an account was to have and has now; its used link says so on."""
    await tx.execute("delete from new_address where account_id = $1", account_id)


async def drop_new_address(tx: Transaction, account_id: UUID) -> UUID | None:
    """Remove the address that an account was to have; its subject is left to the worker."""
    subject_id: UUID | None = await tx.fetchval(
        "delete from new_address where account_id = $1 returning subject_id", account_id
    )
    if subject_id is not None:
        await tx.execute("delete from token where subject_id = $1", subject_id)
    return subject_id


async def find_new_address(tx: Transaction, subject_id: UUID) -> OtherAddress | None:
    """Give the address wished for under a subject."""
    row = await tx.fetchrow(
        """
        select subject_id, account_id, email, language, asked_at as at
          from new_address
         where subject_id = $1
        """,
        subject_id,
    )
    return None if row is None else OtherAddress(**row)


async def waiting_address(tx: Transaction, account_id: UUID) -> str | None:
    """Give the address that an account is to have, if one waits for its click."""
    found: str | None = await tx.fetchval(
        "select email from new_address where account_id = $1", account_id
    )
    return found


async def add_former(tx: Transaction, account_id: UUID, email: str, language: str) -> UUID:
    """Keep the address an account had until now, under a subject of its own."""
    subject_id = await begin_subject(tx)
    await tx.execute(
        """
        insert into former_address (subject_id, account_id, email, language, changed_at)
        values ($1, $2, $3, $4, $5)
        """,
        subject_id, account_id, email, language, tx.now,
    )  # fmt: skip
    return subject_id


async def find_former(tx: Transaction, subject_id: UUID) -> OtherAddress | None:
    """Give the address that an account had."""
    row = await tx.fetchrow(
        """
        select subject_id, account_id, email, language, changed_at as at
          from former_address
         where subject_id = $1
        """,
        subject_id,
    )
    return None if row is None else OtherAddress(**row)


async def kill_tokens(tx: Transaction, subject_id: UUID) -> None:
    """End every open link of an account but the one that ends promotion: it only takes back."""
    sql = "delete from token where subject_id = $1 and purpose <> $2"
    await tx.execute(sql, subject_id, STOP)


async def addresses_of(tx: Transaction, subjects: Collection[UUID]) -> list[str]:
    """Give the addresses of accounts, confirmed or not."""
    rows = await tx.fetch(
        "select email from account where subject_id = any($1::uuid[])", list(subjects)
    )
    return [row["email"] for row in rows]


_FIND: Final = """
    with asked as (
        select asked.request_id, found.subject_id
          from unnest($1::uuid[], $2::text[]) as asked (request_id, email)
         cross join lateral (
               select subject_id from account where email = asked.email
                union all
               select subject_id from reset_wish where email = asked.email
                union all
               select subject_id from new_address where email = asked.email
                union all
               select subject_id from former_address where email = asked.email
                union all
               select account_id from former_address where email = asked.email
               offset 0) as found
         union
        select * from unnest($3::uuid[], $4::uuid[])
    ), named as (
        select request_id, subject_id from asked
         union
        select asked.request_id, other.subject_id
          from asked
         cross join lateral (
               select subject_id from new_address where account_id = asked.subject_id
                union all
               select subject_id from former_address where account_id = asked.subject_id
               offset 0) as other
    )
    select named.request_id, subject.subject_id
      from named
      join subject using (subject_id)
     where subject.address_since <= $5
"""


async def find_subjects(
    tx: Transaction, claims: Sequence[Claim], until: datetime
) -> Mapping[UUID, set[UUID]]:
    """Find what requests name: accounts, sign-ups and wishes at exactly their addresses.

    An account that had the address until a while ago is found too (CHANGE_ERASE_SLA); one that
    is only to have it is not, since nobody confirmed that: there the wish alone goes. With an
    account go the addresses that it is to have or had.
    """
    by_address = [(claim.request_id, one) for claim in claims for one in claim.addresses]
    by_subject = [(claim.request_id, one) for claim in claims for one in claim.subjects]
    rows = await tx.fetch(
        _FIND,
        [request for request, _ in by_address],
        [address for _, address in by_address],
        [request for request, _ in by_subject],
        [subject for _, subject in by_subject],
        until,
    )
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["request_id"], set()).add(row["subject_id"])
    return found
