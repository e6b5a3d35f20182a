"""Statements about what was changed in accounts: when and which fields, never a value."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from contracts.vocabulary import PersonField
from shared.database import Transaction


async def note(tx: Transaction, subject_id: UUID, names: Collection[PersonField]) -> UUID:
    """Write down which fields were changed just now, and give the id that it is told under.

    It is the one that the account had ready, so a copy of its row from before knows it too.
    """
    change_id: UUID = await tx.fetchval(
        """
        update account
           set next_change = $2
          from account before
         where account.subject_id = $1
           and before.subject_id = $1
        returning before.next_change
        """,
        subject_id, uuid4(),
    )  # fmt: skip
    await tx.execute(
        """
        insert into account_change (change_id, subject_id, fields, changed_at)
        values ($1, $2, $3, $4)
        """,
        change_id, subject_id, sorted(names), tx.now,
    )  # fmt: skip
    return change_id


async def last(tx: Transaction, subject_id: UUID) -> datetime | None:
    """Say when details were changed last, None if never."""
    found: datetime | None = await tx.fetchval(
        "select max(changed_at) from account_change where subject_id = $1", subject_id
    )
    return found


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose a change was: the addresses of the account, now and a while ago."""

    addresses: tuple[str, ...]
    restricted: bool


async def concerned(
    tx: Transaction, changes: Sequence[UUID], since: datetime
) -> Mapping[UUID, Concerned]:
    """Give whom changes since a time were about; an account that has ended is left out.

    Copies of a new address are none that it made older: then the one before is given alone.
    """
    rows = await tx.fetch(
        """
        select c.change_id, is_restricted(a.subject_id) as restricted,
               array(select a.email where 'email' <> all(c.fields)
                      union
                     select f.email from former_address f where f.account_id = a.subject_id
                      order by 1) as addresses
          from account_change c
          join account a using (subject_id)
         where c.change_id = any($1::uuid[])
           and c.changed_at > $2
           and a.ended_at is null
        """,
        list(changes), since,
    )  # fmt: skip
    return {row["change_id"]: Concerned(tuple(row["addresses"]), row["restricted"]) for row in rows}


async def freeze(tx: Transaction, changes: Mapping[UUID, Collection[PersonField]]) -> int:
    """Restrict the accounts whose next change is told already: this database is older than it.

    Role `eraser`. Out: how many. They get another id to be changed under.
    """
    rows = await tx.fetch(
        """
        select a.subject_id, a.next_change, s.restricted_at is null as froze
          from account a
          join subject s using (subject_id)
         where a.next_change = any($1::uuid[])
         order by a.subject_id
           for update of s
        """,
        list(changes),
    )
    found = [(row["subject_id"], row["next_change"], row["froze"]) for row in rows]
    await tx.executemany(
        """
        insert into outdated (subject_id, fields, froze, noticed_at)
        values ($1, $2, $3, $4)
            on conflict (subject_id) do nothing
        """,
        [(subject, sorted(changes[change]), froze, tx.now) for subject, change, froze in found],
    )
    subjects = [subject for subject, _, _ in found]
    await tx.execute(
        "update account set next_change = gen_random_uuid() where subject_id = any($1::uuid[])",
        subjects,
    )
    await tx.execute(
        """
        update subject
           set restricted_at = $2
         where subject_id = any($1::uuid[]) and restricted_at is null
        """,
        subjects, tx.now,
    )  # fmt: skip
    return len(found)


async def outdated_fields(tx: Transaction, subject_id: UUID) -> list[str] | None:
    """Name the fields that an account from a backup has older, None if it has none."""
    found: list[str] | None = await tx.fetchval(
        "select fields from outdated where subject_id = $1", subject_id
    )
    return found


async def outdated(tx: Transaction) -> list[dict[str, Any]]:
    """List the accounts that came back older than their last change, longest first."""
    rows = await tx.fetch(
        "select subject_id, fields, noticed_at from outdated order by noticed_at, subject_id"
    )
    return [dict(row) for row in rows]


async def thaw(tx: Transaction, subject_id: UUID) -> bool:
    """Take an account from the list, and its restriction if it was for this. False: not there.

    Role `eraser`.
    """
    froze: bool | None = await tx.fetchval(
        "delete from outdated where subject_id = $1 returning froze", subject_id
    )
    if froze:
        await tx.execute(
            "update subject set restricted_at = null where subject_id = $1", subject_id
        )
    return froze is not None
