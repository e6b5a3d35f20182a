"""The queue: rows that say what to send to whose relationship, never to which address."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.identifiers import uuid7
from shared.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Mail:
    """One queued mail as claimed: `leased_until` is this sender's, `maybe_sent` another's end."""

    mail_id: UUID
    subject_id: UUID | None
    request_id: UUID | None
    kind: str
    template: str
    language: str
    parameters: Mapping[str, Any]
    tries: int
    give_up_at: datetime
    leased_until: datetime
    maybe_sent: bool


async def post(
    tx: Transaction,
    *,
    kind: str,
    template: str,
    language: str,
    give_up_at: datetime,
    subject_id: UUID | None = None,
    request_id: UUID | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> UUID:
    """Queue one mail in the transaction that is its cause; it is sent after the commit.

    In: whose it is (a subject of this service, or a request with an alias here), `kind` for the
    quota, `template` without language and ending, parameters without personal data, the time
    when it is of no use any more. Out: the mail's id, from which its Message-ID is made.
    """
    mail_id = uuid7()
    tx.write(
        """
        insert into mail (mail_id, subject_id, request_id, kind, template, language,
                          message_id, parameters, next_try_at, tries, give_up_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp(), 0, $9)
        """,
        mail_id, subject_id, request_id, kind, template, language,
        str(mail_id), dict(parameters or {}), give_up_at,
    )  # fmt: skip
    tx.wrote_mail()
    return mail_id


# What may be sent now; a row whose lease ran out was under way when its sender died.
_DUE = """next_try_at <= clock_timestamp()
               and (leased_until is null or leased_until < clock_timestamp())"""


async def waits(database: Database) -> bool:
    """Say whether a mail may be due; `claim` then says whether it is this sender's."""
    found: bool = await database.look(f"select exists (select from mail where {_DUE})")
    return found


async def claim(tx: Transaction, lease: timedelta) -> Mail | None:
    """Lease the mail that is due longest, for this sender alone, or None if none is due.

    A row whose lease ran out was under way when its sender died: `maybe_sent`.
    """
    row = await tx.fetchrow(
        f"""
        with due as (
            select mail_id, leased_until
              from mail
             where {_DUE}
             order by next_try_at
             limit 1
               for update skip locked
        )
        update mail
           set leased_until = clock_timestamp() + $1
          from due
         where mail.mail_id = due.mail_id
        returning mail.mail_id, subject_id, request_id, kind, template, language,
                  parameters, tries, give_up_at, mail.leased_until,
                  due.leased_until is not null as maybe_sent
        """,
        lease,
    )
    if row is None:
        return None
    return Mail(**row)


async def count_try(tx: Transaction, mail_id: UUID) -> None:
    """Note that a mail is about to be sent."""
    await tx.execute("update mail set tries = tries + 1 where mail_id = $1", mail_id)


async def postpone(tx: Transaction, mail_id: UUID, until: datetime) -> None:
    """End the lease; try again at `until`, or when giving up is due if that comes first."""
    await tx.execute(
        """
        update mail
           set leased_until = null, next_try_at = least($2, give_up_at)
         where mail_id = $1
        """,
        mail_id, until,
    )  # fmt: skip


async def still_leased(tx: Transaction, mail: Mail) -> bool:
    """Say whether the row is still this sender's, and lock it.

    A lease that ran out may be another's by now: whoever was stopped must not end that one.
    """
    found = await tx.fetchval(
        "select true from mail where mail_id = $1 and leased_until = $2 for update",
        mail.mail_id, mail.leased_until,
    )  # fmt: skip
    return found is True


async def remove(tx: Transaction, mail_id: UUID) -> None:
    """Take a mail out of the queue: it was sent, given up, or nobody is there any more."""
    await tx.execute("delete from mail where mail_id = $1", mail_id)


async def freeze(tx: Transaction) -> int:
    """Put every queued mail off to the end of its time, where it is given up; count them.

    For a database that came back from a backup: nobody knows which of its mails went before.
    An operator who knows better sets `next_try_at` of a row to now.
    """
    return await tx.execute("update mail set next_try_at = give_up_at, leased_until = null")


async def take_kinds(tx: Transaction, kinds: Collection[str]) -> list[Mail]:
    """Remove and return all queued mails of some kinds."""
    rows = await tx.fetch(
        """
        delete from mail
         where kind = any($1::text[])
        returning mail_id, subject_id, request_id, kind, template, language, parameters, tries,
                  give_up_at, coalesce(leased_until, next_try_at) as leased_until,
                  leased_until is not null as maybe_sent
        """,
        list(kinds),
    )
    return [Mail(**row) for row in rows]


async def leased(tx: Transaction, subjects: Collection[UUID]) -> set[UUID]:
    """Say which subjects have a mail under way, and keep the others' mails from starting.

    The rows stay locked until this transaction ends, and a sender skips locked rows: what is not
    leased now is never sent if this transaction deletes it.
    """
    return await _leased(tx, "subject_id", subjects)


async def leased_requests(tx: Transaction, requests: Collection[UUID]) -> set[UUID]:
    """As `leased`, for mails that belong to requests (the end of their aliases waits)."""
    return await _leased(tx, "request_id", requests)


async def _leased(tx: Transaction, column: str, ids: Collection[UUID]) -> set[UUID]:
    rows = await tx.fetch(
        f"""
        select {column} as id, leased_until > clock_timestamp() as under_way
          from mail
         where {column} = any($1::uuid[])
         order by mail_id
           for update
        """,
        list(ids),
    )
    return {row["id"] for row in rows if row["under_way"]}
