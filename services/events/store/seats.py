"""Seats: registering, confirming, cancelling, and what decides when they end."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple
from typing import Any, Final
from uuid import UUID

from services.events.rules.ending import Attendance, SeatState
from services.events.rules.seat import PERSON_NAMES, Declared, Person, Seat
from shared.database import Transaction
from shared.slice import find_by

_PERSON = ", ".join(f"s.{name}" for name in PERSON_NAMES)
_SEAT = f"""
    select s.subject_id, s.gathering_id, s.state, {_PERSON}, s.language, s.form, s.blocks,
           s.by_email, s.by_post, s.submitted_at, s.confirmed_at, s.cancelled_at, s.told_at,
           s.answered_at, s.changed_since,
           (select a.attendance from attendance a where a.subject_id = s.subject_id) as attendance,
           array(select c.purpose from consent c
                  where c.subject_id = s.subject_id
                    and not exists (select from objection o
                                     where o.subject_id = c.subject_id
                                       and o.purpose = c.purpose)) as live,
           (select count(*) from sending m
             where m.subject_id = s.subject_id and m.sent_at is null) as owed,
           (select max(m.sent_at) from sending m where m.subject_id = s.subject_id) as sent_at
      from seat s
"""


def _seat(row: Any) -> Seat:
    return Seat(
        subject_id=row["subject_id"],
        gathering_id=row["gathering_id"],
        state=SeatState(row["state"]),
        person=Person(**{name: row[name] for name in PERSON_NAMES}),
        language=row["language"],
        form=row["form"],
        blocks=row["blocks"],
        by_email=row["by_email"],
        by_post=row["by_post"],
        submitted_at=row["submitted_at"],
        confirmed_at=row["confirmed_at"],
        cancelled_at=row["cancelled_at"],
        told_at=row["told_at"],
        answered_at=row["answered_at"],
        changed_since=tuple(row["changed_since"]),
        attendance=Attendance(row["attendance"] or Attendance.UNKNOWN),
        live=frozenset(row["live"]),
        owed=row["owed"],
        sent_at=row["sent_at"],
    )


async def add(tx: Transaction, seat: Seat, declared: Iterable[Declared]) -> None:
    """Store a registration that nobody confirmed yet, with what was ticked."""
    names = ", ".join(PERSON_NAMES)
    places = ", ".join(f"${number}" for number in range(9, 9 + len(PERSON_NAMES)))
    await tx.execute(
        f"""
        insert into seat (subject_id, gathering_id, state, language, form, blocks, by_email,
                          by_post, {names}, submitted_at)
        values ($1, $2, 'pending', $3, $4, $5, $6, $7, {places}, $8)
        """,
        seat.subject_id, seat.gathering_id, seat.language, seat.form, seat.blocks, seat.by_email,
        seat.by_post, seat.submitted_at, *astuple(seat.person),
    )  # fmt: skip
    await tx.executemany(
        """
        insert into declared (subject_id, purpose, wording, wording_version, wording_sha256)
        values ($1, $2, $3, $4, $5)
        """,
        [(seat.subject_id, *astuple(one)) for one in declared],
    )


async def find(tx: Transaction, subject_id: UUID) -> Seat | None:
    """Give a seat that its person has not taken back, or None."""
    row = await tx.fetchrow(
        f"{_SEAT} where s.subject_id = $1 and s.cancelled_at is null", subject_id
    )
    return None if row is None else _seat(row)


async def lock(tx: Transaction, subject_id: UUID) -> Seat | None:
    """Give a seat for changing, or None: of two who change it, one waits.

    Its deadlines are taken first, as the clock does; otherwise both could wait for each other.
    """
    await tx.execute(
        "select from deadline where subject_id = $1 order by kind for update", subject_id
    )
    await tx.execute("select from seat where subject_id = $1 for update", subject_id)
    return await find(tx, subject_id)


async def find_all(tx: Transaction, subjects: Collection[UUID]) -> list[Seat]:
    """Give seats for looking at, also those taken back; in the order of their ids."""
    rows = await tx.fetch(
        f"{_SEAT} where s.subject_id = any($1::uuid[]) order by s.subject_id", list(subjects)
    )
    return [_seat(row) for row in rows]


async def lock_all(tx: Transaction, subjects: Collection[UUID]) -> list[Seat]:
    """Give seats for ending, also those taken back; in the order of their ids."""
    rows = await tx.fetch(
        f"{_SEAT} where s.subject_id = any($1::uuid[]) order by s.subject_id for update of s",
        list(subjects),
    )
    return [_seat(row) for row in rows]


async def hold_still(tx: Transaction, gathering_id: UUID) -> None:
    """Keep everybody's ending in a gathering from running until this transaction is over.

    Everybody takes deadlines, people, seats and the gathering in this order; who registers
    meanwhile, or cancels, waits for the gathering.
    """
    await tx.execute(
        """
        select from deadline
         where subject_id in (select subject_id from seat where gathering_id = $1)
         order by subject_id, kind
           for update
        """,
        gathering_id,
    )
    await tx.execute(
        """
        select from subject
         where subject_id in (select subject_id from seat where gathering_id = $1)
         order by subject_id
           for no key update
        """,
        gathering_id,
    )


async def of_gathering(tx: Transaction, gathering_id: UUID) -> list[Seat]:
    """Give every seat of a gathering by the time it was confirmed, pending ones last."""
    rows = await tx.fetch(
        f"""
        {_SEAT}
         where s.gathering_id = $1 and s.cancelled_at is null
         order by s.confirmed_at nulls last, s.subject_id
        """,
        gathering_id,
    )
    return [_seat(row) for row in rows]


async def restricted_in(tx: Transaction, gathering_id: UUID) -> set[UUID]:
    """Name whose data may only be stored now (Art. 18)."""
    rows = await tx.fetch(
        """
        select subject_id
          from seat
          join subject using (subject_id)
         where gathering_id = $1 and restricted_at is not null
        """,
        gathering_id,
    )
    return {row["subject_id"] for row in rows}


async def confirm(tx: Transaction, subject_id: UUID, state: SeatState, *, blocks: bool) -> bool:
    """Turn a pending seat into a booked or waiting one, once; False if it was before."""
    return bool(
        await tx.execute(
            """
            update seat
               set state = $2, blocks = $3, confirmed_at = $4
             where subject_id = $1 and state = 'pending' and cancelled_at is null
            """,
            subject_id, state, blocks, tx.now,
        )
    )  # fmt: skip


async def take_declared(tx: Transaction, subject_id: UUID) -> list[Declared]:
    """Remove and return what was ticked in a form: it becomes consents now."""
    rows = await tx.fetch(
        """
        delete from declared
         where subject_id = $1
        returning purpose, wording, wording_version, wording_sha256
        """,
        subject_id,
    )
    return sorted((Declared(**row) for row in rows), key=lambda one: one.purpose)


async def release(tx: Transaction, subjects: Collection[UUID]) -> int:
    """Free pending seats whose hold is over; their links still work, if a seat is left then."""
    rows = await tx.fetch(
        """
        update seat
           set blocks = false
         where subject_id = any($1::uuid[]) and state = 'pending' and blocks
        returning gathering_id
        """,
        list(subjects),
    )
    await give_back(tx, [row["gathering_id"] for row in rows])
    return len(rows)


async def cancel(tx: Transaction, subject_id: UUID) -> bool:
    """Mark a seat as taken back by its person and free it at once; False if it was before."""
    rows = await tx.fetch(
        """
        with mine as (
            select subject_id, gathering_id, blocks
              from seat
             where subject_id = $1 and cancelled_at is null
               for update
        )
        update seat
           set cancelled_at = $2, blocks = false
          from mine
         where seat.subject_id = mine.subject_id
        returning mine.gathering_id, mine.blocks as blocked
        """,
        subject_id, tx.now,
    )  # fmt: skip
    await give_back(tx, [row["gathering_id"] for row in rows if row["blocked"]])
    return bool(rows)


async def give_back(tx: Transaction, gatherings: Sequence[UUID]) -> None:
    """Count seats back, one gathering id for each, and let the waiting list move up."""
    if gatherings:
        await tx.execute("select give_back($1)", list(gatherings))
        tx.wrote_deadline()


async def note_told(tx: Transaction, subject_id: UUID) -> None:
    """Note that a person knows that the gathering is cancelled."""
    await tx.execute("update seat set told_at = $2 where subject_id = $1", subject_id, tx.now)


async def note_attendance(
    tx: Transaction, subject_id: UUID, gathering_id: UUID, attendance: Attendance
) -> None:
    """Note whether somebody was there; noting again replaces."""
    await tx.execute(
        """
        insert into attendance (subject_id, gathering_id, attendance, noted_at)
        values ($1, $2, $3, $4)
            on conflict (subject_id) do update
           set attendance = excluded.attendance, noted_at = excluded.noted_at
        """,
        subject_id, gathering_id, attendance, tx.now,
    )  # fmt: skip


async def booked_at(tx: Transaction, gathering_id: UUID, email: str, besides: UUID) -> bool:
    """Say whether an address is registered for a gathering a second time."""
    found: bool = await tx.fetchval(
        """
        select exists (select from seat
                        where email = $2 and gathering_id = $1 and subject_id <> $3
                          and state <> 'pending' and cancelled_at is null)
        """,
        gathering_id, email, besides,
    )  # fmt: skip
    return found


async def mail_waits(tx: Transaction, subject_id: UUID, kind: str) -> bool:
    """Say whether a mail of a kind is still in the queue."""
    found: bool = await tx.fetchval(
        "select exists (select from mail where subject_id = $1 and kind = $2)", subject_id, kind
    )
    return found


find_subjects: Final = find_by("seat.email")
