"""What organisers do with a gathering, and what follows for everybody who registered."""

import secrets
from collections.abc import Mapping, Sequence
from uuid import UUID

from services.events.endings import settle
from services.events.limits import limits
from services.events.rules.ending import Attendance, SeatState, closes_at, may_be_asked, over_at
from services.events.rules.gathering import (
    Gathering,
    Plan,
    Slot,
    State,
    ahead,
    may_change,
    may_conclude,
)
from services.events.rules.seat import Seat
from services.events.settings import (
    ASK,
    CANCELLED,
    CONCLUDE,
    DELETE_WITHIN,
    MAIL_GIVE_UP,
    MOVE_UP,
    MOVED,
    MOVED_UP,
    TOTALS,
)
from services.events.store import gatherings, seats, surveys, waiting
from services.events.writing import write_to
from shared.database import Transaction
from shared.deadlines import Due, set_deadline
from shared.errors import NotFound, Refused
from shared.parameters import count
from shared.slice import is_restricted

INVITATION_BYTES = 32
MOVES_AT_ONCE = 200  # seats moved up in one transaction; the rest follows at once
_ATTENDED: Mapping[bool, Attendance] = {True: Attendance.ATTENDED, False: Attendance.ABSENT}


class Withheld(Refused):
    """This person's data may only be stored now: nothing is noted until that is lifted."""

    status = 409
    problem = "withheld"


async def enter(tx: Transaction, plan: Plan) -> UUID:
    """Enter a gathering; the clock concludes it if nobody does (R-EV-09)."""
    gathering_id = await gatherings.enter(tx, plan)
    await _conclude_after(tx, gathering_id, plan.slots)
    return gathering_id


async def _conclude_after(tx: Transaction, gathering_id: UUID, slots: Sequence[Slot]) -> None:
    last = max(slot.ends_at for slot in slots)
    await set_deadline(tx, None, CONCLUDE, last + limits().conclude_within, _about(gathering_id))


def _about(gathering_id: UUID) -> dict[str, str]:
    return {"gathering_id": str(gathering_id)}


async def invite(tx: Transaction, gathering_id: UUID) -> str:
    """Make a link's secret that opens the form of a gathering; it names nobody (R-EV-02)."""
    may_change(await _locked(tx, gathering_id))
    secret = secrets.token_urlsafe(INVITATION_BYTES)
    await gatherings.add_invitation(tx, gathering_id, secret)
    return secret


async def move(tx: Transaction, gathering_id: UUID, slots: Sequence[Slot]) -> int:
    """Move a gathering to other dates; everybody's ending moves with it, and they are told.

    Out: how many are told; nobody twice of the same dates. Raises NotFound, NotPlanned, NoEnd or
    InThePast.
    """
    planned = await _still(tx, gathering_id)
    may_change(planned)
    if ahead(slots, tx.now) == planned.slots:
        return 0
    await gatherings.move(tx, gathering_id, ahead(slots, tx.now))
    await _conclude_after(tx, gathering_id, slots)
    moved, told = await _locked(tx, gathering_id), 0
    for seat in await seats.of_gathering(tx, gathering_id):
        await settle(tx, seat, moved)
        if seat.state is not SeatState.PENDING:
            told += 1
            await write_to(tx, seat, MOVED, tx.now + MAIL_GIVE_UP)
    return told


async def cancel(tx: Transaction, gathering_id: UUID) -> int:
    """Cancel a gathering; people are told, then deleted. Out: how many. Raises as `move`."""
    may_change(await _still(tx, gathering_id))
    await gatherings.end(tx, gathering_id, State.CANCELLED)
    over, told = await _locked(tx, gathering_id), 0
    for seat in await seats.of_gathering(tx, gathering_id):
        await settle(tx, seat, over)
        if seat.state is not SeatState.PENDING:
            told += 1
            await write_to(tx, seat, CANCELLED, tx.now + DELETE_WITHIN / 2)
    await _drop_later(tx, over)
    return told


async def conclude(tx: Transaction, gathering_id: UUID) -> int:
    """Conclude a gathering: who agreed and was there is asked, the others' data goes (R-EV-05).

    Out: how many are asked. Raises NotFound, NotPlanned or NotBegun.
    """
    may_conclude(await _still(tx, gathering_id), tx.now)
    await gatherings.end(tx, gathering_id, State.CONCLUDED)
    over, asked = await _locked(tx, gathering_id), 0
    for seat in await seats.of_gathering(tx, gathering_id):
        await settle(tx, seat, over)
        if may_be_asked(seat.facts):
            asked += 1
            await write_to(tx, seat, ASK, closes_at(over.course, limits()))
    await _drop_later(tx, over)
    return asked


async def _drop_later(tx: Transaction, over: Gathering) -> None:
    """Let counts that stay too small go, once nobody's answer can come any more (R-EV-08)."""
    last = closes_at(over.course, limits()) + limits().material_max
    await set_deadline(tx, None, TOTALS, last + DELETE_WITHIN, _about(over.gathering_id))


async def note_attendance(
    tx: Transaction, gathering_id: UUID, subject_id: UUID, *, attended: bool
) -> None:
    """Note whether somebody was there, until the gathering is concluded.

    Raises NotFound for what is no booked seat of this gathering, NotPlanned, NotBegun, and Withheld
    while the person's data is restricted (Art. 18).
    """
    seat = await seats.lock(tx, subject_id)
    if seat is None or seat.state is not SeatState.BOOKED or seat.gathering_id != gathering_id:
        raise NotFound
    may_conclude(await _found(tx, gathering_id), tx.now)
    if await is_restricted(tx, subject_id):
        raise Withheld
    await seats.note_attendance(tx, subject_id, seat.gathering_id, _ATTENDED[attended])
    await _settle_seat(tx, subject_id)


async def attending(tx: Transaction, gathering_id: UUID) -> list[Seat]:
    """Give the booked seats of a gathering, for the list that organisers hold in their hands.

    Not of whom data may only be stored now (Art. 18). Raises NotFound.
    """
    await _found(tx, gathering_id)
    stored = await seats.restricted_in(tx, gathering_id)
    return [
        seat
        for seat in await seats.of_gathering(tx, gathering_id)
        if seat.state is SeatState.BOOKED and seat.subject_id not in stored
    ]


async def _settle_seat(tx: Transaction, subject_id: UUID) -> None:
    seat = await seats.find(tx, subject_id)
    if seat is not None:
        await settle(tx, seat, await _found(tx, seat.gathering_id))


async def conclude_due(tx: Transaction, due: Sequence[Due]) -> None:
    """Conclude what ended long enough ago; a gathering that was moved meanwhile is left alone."""
    for gathering_id in sorted({UUID(one.payload["gathering_id"]) for one in due}):
        gathering = await _still(tx, gathering_id)
        ended = over_at(gathering.course, limits()) <= tx.now
        if gathering.state is State.PLANNED and ended:
            await conclude(tx, gathering_id)


async def drop_due(tx: Transaction, due: Sequence[Due]) -> None:
    """Delete counts that stayed below the smallest that is shown."""
    for one in due:
        await surveys.drop_small(tx, UUID(one.payload["gathering_id"]), count("MIN_CELL"))


async def move_up_due(tx: Transaction, due: Sequence[Due], counting: Sequence[str]) -> None:
    """Give free seats to those who wait longest, and write to them.

    A new seat is a new use of the consent: who agreed to words that are not among those `counting`
    is passed over until they agree anew (R-POL-01).
    """
    for gathering_id in sorted({UUID(one.payload["gathering_id"]) for one in due}):
        for _ in range(MOVES_AT_ONCE):
            if not await _move_one_up(tx, gathering_id, counting):
                break
        else:
            await move_up_soon(tx, gathering_id)


async def move_up_soon(tx: Transaction, gathering_id: UUID) -> None:
    """Let the clock look whether somebody who waits can have a seat."""
    await set_deadline(tx, None, MOVE_UP, tx.now, _about(gathering_id))


async def _move_one_up(tx: Transaction, gathering_id: UUID, counting: Sequence[str]) -> bool:
    # First the seat, then the gathering: whoever cancels takes them in the same order.
    subject_id = await waiting.next_waiting(tx, gathering_id, counting)
    if subject_id is None or not await gatherings.take_seat(tx, gathering_id):
        return False
    await waiting.book(tx, subject_id)
    await _settle_seat(tx, subject_id)
    seat = await seats.find(tx, subject_id)
    if seat is not None:
        await write_to(tx, seat, MOVED_UP, tx.now + MAIL_GIVE_UP)
    return True


async def _still(tx: Transaction, gathering_id: UUID) -> Gathering:
    """Give a gathering for ending or moving: neither it nor anybody's ending changes meanwhile."""
    await seats.hold_still(tx, gathering_id)
    return await _locked(tx, gathering_id)


async def _locked(tx: Transaction, gathering_id: UUID) -> Gathering:
    gathering = await gatherings.lock(tx, gathering_id)
    if gathering is None:
        raise NotFound
    return gathering


async def _found(tx: Transaction, gathering_id: UUID) -> Gathering:
    gathering = await gatherings.find(tx, gathering_id)
    if gathering is None:
        raise NotFound
    return gathering
