"""Holds: placed while a relationship lives, moved aside when it ends, ended by their own date."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from contracts.fields import MAX_HELD, Held
from contracts.identifiers import uuid7
from contracts.vocabulary import Ground
from shared.database import Transaction
from shared.inventory.model import Hold

if TYPE_CHECKING:
    from shared.inventory.inventory import Inventory

HELD: Final = "held"


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of one subject that were moved aside under one hold."""

    subject_id: UUID
    ground: Ground
    reference: str
    until: datetime
    rows: int


async def place_hold(
    tx: Transaction, subject_id: UUID, hold: Hold, until: datetime, *, reference: str = ""
) -> datetime:
    """Write that a declared hold binds this subject until a time (UTC); give until when it does.

    Of two ends the later one wins. Nothing moves yet: the next erasure of the subject, whoever
    asks for it, moves the values. `reference` in place of the declared paragraph.
    """
    binds_until: datetime = await tx.fetchval(
        """
        insert into hold as h (hold_id, subject_id, name, reference, until, placed_at)
        values ($1, $2, $3, $4, $5, $6)
            on conflict (subject_id, name) do update
           set until = greatest(h.until, excluded.until), reference = excluded.reference
        returning until
        """,
        uuid7(),
        subject_id,
        hold.name,
        reference or hold.reference,
        until,
        tx.now,
    )
    return binds_until


async def lift_hold(tx: Transaction, subject_id: UUID, hold: Hold) -> bool:
    """Take a hold back before it was needed; say whether there was one."""
    return bool(
        await tx.execute(
            "delete from hold where subject_id = $1 and name = $2", subject_id, hold.name
        )
    )


async def move_aside(
    tx: Transaction,
    inventory: "Inventory",
    subjects: Sequence[UUID],
    requests: Mapping[UUID, UUID | None],
) -> list[Kept]:
    """Move what is held of these subjects to `held`: one row of it for each row of the slice.

    `requests` says on whose request, by subject. What the slice has no row of is not counted.
    """
    if not inventory.holds:
        return []
    rows = await tx.fetch(
        """
        select subject_id, name, reference, until
          from hold
         where subject_id = any($1)
           and until > $2
         order by subject_id, name
        """,
        subjects,
        tx.now,
    )
    kept = []
    for row in rows:
        hold, subject = inventory.hold(row["name"]), row["subject_id"]
        moved = 0
        for table, columns in hold.keeps.items():
            moved += await _move(tx, table, columns, row, hold.ground, requests.get(subject))
        if moved:
            kept.append(Kept(subject, hold.ground, row["reference"], row["until"], moved))
    return kept


async def _move(  # noqa: PLR0917 - one row of `held`
    tx: Transaction,
    table: str,
    columns: tuple[str, ...],
    hold: Any,
    ground: Ground,
    request_id: UUID | None,
) -> int:
    pairs = ", ".join(f"'{column}', t.\"{column}\"" for column in columns)
    return await tx.execute(
        f"""
        insert into held (hold_id, request_id, ground, reference, until, fields)
        select gen_random_uuid(), $2::uuid, $3::text, $4::text, $5::timestamptz,
               jsonb_build_object('table', '{table}', 'row', jsonb_build_object({pairs}))
          from "{table}" t
         where t.subject_id = $1
        """,
        hold["subject_id"],
        request_id,
        ground.value,
        hold["reference"],
        hold["until"],
    )


def as_told(kept: Iterable[Kept]) -> tuple[Held, ...]:
    """Say what is kept as a receipt says it, by ground, paragraph and end.

    A batch with more ends than a receipt can name says the latest end for each ground and
    paragraph: never a day that is too early.
    """
    exact: Counter[tuple[Ground, str, datetime]] = Counter()
    latest: dict[tuple[Ground, str], datetime] = {}
    rough: Counter[tuple[Ground, str]] = Counter()
    for one in kept:
        what = (one.ground, one.reference)
        exact[one.ground, one.reference, one.until] += one.rows
        rough[what] += one.rows
        latest[what] = max(one.until, latest.get(what, one.until))
    if len(exact) > MAX_HELD:
        exact = Counter({(*what, latest[what]): rows for what, rows in rough.items()})
    return tuple(
        Held(ground=ground, reference=reference, until=until, rows=rows)
        for (ground, reference, until), rows in sorted(exact.items())
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """Rows of one request, ground, paragraph and day that are over; no request: nobody asked."""

    request_id: UUID | None
    ground: Ground
    reference: str
    until: datetime
    rows: int
    ended_at: datetime


async def end_holds(tx: Transaction, at_most: int) -> list[Ended]:
    """Delete some `at_most` held rows whose day has come; the clock is the database's.

    What a request left behind under one ground, paragraph and day goes at once, however many.
    Needs no right to read them: the function of the database deletes nothing that is not over.
    """
    rows = await tx.fetch("select * from end_holds($1)", at_most)
    return [
        Ended(request_id, Ground(ground), reference, until, count, ended_at)
        for request_id, ground, reference, until, count, ended_at in map(tuple, rows)
    ]
