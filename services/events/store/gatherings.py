"""Gatherings: entering, listing, moving, ending, and the one statement that takes a seat."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from contracts.identifiers import uuid7
from services.events.rules.gathering import Gathering, Kind, Plan, Slot, State
from shared.database import Transaction

_GATHERING = """
    select g.gathering_id, g.kind, g.place, g.capacity, g.taken, g.listed, g.state, g.begins_at,
           g.ends_at, g.over_at,
           (select jsonb_object_agg(t.language, t.title)
              from gathering_title t where t.gathering_id = g.gathering_id) as titles,
           (select array_agg(s.starts_at order by s.starts_at)
              from gathering_slot s where s.gathering_id = g.gathering_id) as starts,
           (select array_agg(s.ends_at order by s.starts_at)
              from gathering_slot s where s.gathering_id = g.gathering_id) as ends
      from gathering g
"""


def _gathering(row: Any) -> Gathering:
    return Gathering(
        gathering_id=row["gathering_id"],
        kind=Kind(row["kind"]),
        titles=row["titles"],
        place=row["place"],
        capacity=row["capacity"],
        taken=row["taken"],
        listed=row["listed"],
        state=State(row["state"]),
        begins_at=row["begins_at"],
        ends_at=row["ends_at"],
        over_at=row["over_at"],
        slots=tuple(Slot(*pair) for pair in zip(row["starts"], row["ends"], strict=True)),
    )


async def enter(tx: Transaction, plan: Plan) -> UUID:
    """Store a new gathering; give its id."""
    gathering_id = uuid7()
    await tx.execute(
        """
        insert into gathering (gathering_id, kind, place, capacity, listed, begins_at, ends_at,
                               entered_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        gathering_id, plan.kind, plan.place, plan.capacity, plan.listed, plan.slots[0].starts_at,
        max(slot.ends_at for slot in plan.slots), tx.now,
    )  # fmt: skip
    await tx.executemany(
        "insert into gathering_title (gathering_id, language, title) values ($1, $2, $3)",
        [(gathering_id, language, title) for language, title in plan.titles.items()],
    )
    await _add_slots(tx, gathering_id, plan.slots)
    return gathering_id


async def _add_slots(tx: Transaction, gathering_id: UUID, slots: Sequence[Slot]) -> None:
    await tx.executemany(
        "insert into gathering_slot (gathering_id, starts_at, ends_at) values ($1, $2, $3)",
        [(gathering_id, slot.starts_at, slot.ends_at) for slot in slots],
    )


async def find(tx: Transaction, gathering_id: UUID) -> Gathering | None:
    """Give one gathering, or None."""
    row = await tx.fetchrow(f"{_GATHERING} where g.gathering_id = $1", gathering_id)
    return None if row is None else _gathering(row)


async def find_all(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Gathering]:
    """Give gatherings by id."""
    rows = await tx.fetch(f"{_GATHERING} where g.gathering_id = any($1::uuid[])", list(ids))
    return {row["gathering_id"]: _gathering(row) for row in rows}


async def lock(tx: Transaction, gathering_id: UUID) -> Gathering | None:
    """Give one gathering for changing: nobody else ends, moves or books it meanwhile."""
    await tx.execute(
        "select from gathering where gathering_id = $1 for no key update", gathering_id
    )
    return await find(tx, gathering_id)


async def open_ones(tx: Transaction, at_most: int) -> list[Gathering]:
    """Give the listed gatherings that people may register for, the next first."""
    rows = await tx.fetch(
        f"""
        {_GATHERING}
         where g.state = 'planned' and g.listed and g.begins_at > $1
         order by g.begins_at, g.gathering_id
         limit $2
        """,
        tx.now, at_most,
    )  # fmt: skip
    return [_gathering(row) for row in rows]


async def all_of_them(tx: Transaction, at_most: int) -> list[Gathering]:
    """Give every gathering, the latest first: for organisers."""
    rows = await tx.fetch(
        f"{_GATHERING} order by g.begins_at desc, g.gathering_id limit $1", at_most
    )
    return [_gathering(row) for row in rows]


async def take_seat(
    tx: Transaction, gathering_id: UUID, *, passing: Sequence[str] | None = None
) -> bool:
    """Take one seat if there is one: the statement that keeps a gathering from overbooking.

    A newcomer does not pass those who wait, and names in `passing` the wordings that count: who
    waits on older words (R-POL-01), or while processing is restricted (Art. 18), does not move up,
    so keeps nobody waiting. False: full, begun or over. Whoever else asks at the same time waits
    for this transaction and sees its count.
    """
    return bool(
        await tx.execute(
            """
            update gathering
               set taken = taken + 1
             where gathering_id = $1
               and state = 'planned'
               and begins_at > $2
               and taken < capacity
               and ($3::text[] is null
                    or not exists (select from seat
                                     join consent c using (subject_id)
                                    where seat.gathering_id = $1
                                      and seat.state = 'waiting'
                                      and seat.cancelled_at is null
                                      and not is_restricted(seat.subject_id)
                                      and c.purpose = 'event.registration'
                                      and c.wording || '.v' || c.wording_version = any ($3)))
            """,
            gathering_id, tx.now, passing,
        )
    )  # fmt: skip


async def end(tx: Transaction, gathering_id: UUID, state: State) -> bool:
    """Conclude or cancel a gathering that is planned; False if it is over already."""
    return bool(
        await tx.execute(
            """
            update gathering
               set state = $2, over_at = $3
             where gathering_id = $1 and state = 'planned'
            """,
            gathering_id, state, tx.now,
        )
    )  # fmt: skip


async def move(tx: Transaction, gathering_id: UUID, slots: Sequence[Slot]) -> bool:
    """Give a planned gathering other dates; False if it is over already."""
    moved = await tx.execute(
        """
        update gathering
           set begins_at = $2, ends_at = $3
         where gathering_id = $1 and state = 'planned'
        """,
        gathering_id, slots[0].starts_at, max(slot.ends_at for slot in slots),
    )  # fmt: skip
    if not moved:
        return False
    await tx.execute("delete from gathering_slot where gathering_id = $1", gathering_id)
    await _add_slots(tx, gathering_id, slots)
    return True


async def add_invitation(tx: Transaction, gathering_id: UUID, secret: str) -> None:
    """Store the digest of a link that opens a gathering's form."""
    await tx.execute(
        "insert into invitation (invitation_sha256, gathering_id, made_at) values ($1, $2, $3)",
        digest(secret), gathering_id, tx.now,
    )  # fmt: skip


async def invited_to(tx: Transaction, secret: str) -> Gathering | None:
    """Give the gathering that an invitation opens, or None."""
    row = await tx.fetchrow(
        f"""
        {_GATHERING}
          join invitation i using (gathering_id)
         where i.invitation_sha256 = $1
        """,
        digest(secret),
    )
    return None if row is None else _gathering(row)


def digest(secret: str) -> bytes:
    """Give what is stored of an invitation's secret."""
    return hashlib.sha256(secret.encode()).digest()
