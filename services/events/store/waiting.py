"""The waiting list of a gathering: who is next, and how many there are (R-EV-11)."""

from collections.abc import Sequence
from uuid import UUID

from shared.database import Transaction


async def next_waiting(tx: Transaction, gathering_id: UUID, counting: Sequence[str]) -> UUID | None:
    """Give who waits longest, locked; whom somebody else works on is passed over.

    So is who agreed to words that do not count any more: `counting` names those that do.
    """
    found: UUID | None = await tx.fetchval(
        """
        select s.subject_id
          from seat s
          join consent c using (subject_id)
         where s.gathering_id = $1
           and s.state = 'waiting'
           and s.cancelled_at is null
           and not is_restricted(s.subject_id)
           and c.purpose = 'event.registration'
           and c.wording || '.v' || c.wording_version = any ($2)
         order by s.confirmed_at, s.subject_id
         limit 1
           for update of s skip locked
        """,
        gathering_id, counting,
    )  # fmt: skip
    return found


async def count_waiting(tx: Transaction, gathering_id: UUID) -> int:
    """Count who waits for a seat."""
    sql = """
        select count(*)
          from seat
         where gathering_id = $1 and state = 'waiting' and cancelled_at is null
    """
    return int(await tx.fetchval(sql, gathering_id))


async def book(tx: Transaction, subject_id: UUID) -> None:
    """Turn a waiting seat into a booked one; the gathering has counted it."""
    await tx.execute(
        "update seat set state = 'booked', blocks = true where subject_id = $1", subject_id
    )
