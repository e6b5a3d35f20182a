"""Statements about what was changed in accounts that seats may hold a copy of (R-EV-01)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.database import Transaction
from shared.saga.decisions import retry_at


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed elsewhere; whose it was, `origin` alone knows. `tries`: to ask it."""

    change_id: UUID
    origin: str
    fields: tuple[str, ...]
    changed_at: datetime
    tries: int = 0


async def add(tx: Transaction, found: Sequence[Change]) -> None:
    """Write down what was told, to be asked about; what stands there already is the same."""
    await tx.executemany(
        """
        insert into changed_elsewhere (change_id, origin, fields, changed_at, next_try_at)
        values ($1, $2, $3, $4, $5)
            on conflict (change_id) do nothing
        """,
        [(one.change_id, one.origin, list(one.fields), one.changed_at, tx.now) for one in found],
    )


async def due(tx: Transaction, at_most: int) -> list[Change]:
    """Give what is to be asked about now, oldest first."""
    rows = await tx.fetch(
        """
        select change_id, origin, fields, changed_at, tries
          from changed_elsewhere
         where next_try_at <= $1
         order by changed_at, change_id
         limit $2
        """,
        tx.now, at_most,
    )  # fmt: skip
    return [_change(row) for row in rows]


def _change(row: Any) -> Change:
    return Change(
        row["change_id"], row["origin"], tuple(row["fields"]), row["changed_at"], row["tries"]
    )


async def ask_later(tx: Transaction, waiting: Sequence[Change]) -> None:
    """Set when to ask again about changes that got no answer."""
    await tx.executemany(
        "update changed_elsewhere set tries = $2, next_try_at = $3 where change_id = $1",
        [(one.change_id, one.tries + 1, retry_at(tx.now, one.tries + 1)) for one in waiting],
    )


async def forget(tx: Transaction, done: Sequence[Change]) -> None:
    """Remove what was answered."""
    await tx.execute(
        "delete from changed_elsewhere where change_id = any($1::uuid[])",
        [one.change_id for one in done],
    )


async def mark(tx: Transaction, change: Change, addresses: Collection[str]) -> list[UUID]:
    """Note at seats of these addresses which of their fields the account has differently since.

    Out: the subjects at whose seats something new was noted. A seat that was registered for after
    the change, or that has none of the fields, holds no older copy. Subjects are locked first, as
    whoever ends them does.
    """
    await tx.execute(
        """
        select from subject
         where subject_id in (select subject_id from seat where email = any($1::text[]))
         order by subject_id
           for no key update
        """,
        list(addresses),
    )
    rows = await tx.fetch(
        """
        update seat
           set changed_since = seat.changed_since || older.fields
          from (select s.subject_id,
                       array(select name
                               from unnest($2::text[]) as changed (name)
                              where to_jsonb(s) ->> name is not null
                                and name <> all(s.changed_since)
                              order by name) as fields
                  from seat s
                 where s.email = any($1::text[])
                   and s.submitted_at < $3
                   and s.cancelled_at is null) older
         where seat.subject_id = older.subject_id
           and older.fields <> '{}'
        returning seat.subject_id
        """,
        list(addresses), list(change.fields), change.changed_at,
    )  # fmt: skip
    return sorted(row["subject_id"] for row in rows)
