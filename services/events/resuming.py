"""What had stopped because the words of a declaration changed, and goes on once it is renewed."""

from collections.abc import Collection
from datetime import datetime

from services.events import settings as names
from services.events.limits import limits
from services.events.organising import move_up_soon
from services.events.rules.ending import SeatState, closes_at, may_be_invited
from services.events.rules.seat import Seat
from services.events.settings import MATERIAL, REGISTRATION, SURVEY
from services.events.store import gatherings, surveys
from services.events.writing import write_to
from shared.database import Transaction
from shared.slice import is_restricted


async def resume(tx: Transaction, seat: Seat, purposes: Collection[str]) -> None:
    """Queue again what was due meanwhile and went to nobody, for purposes that were renewed.

    Nothing ends later for it: time limits ran on. What waits for the post is still on its list.
    """
    if REGISTRATION in purposes and seat.state is SeatState.WAITING:
        await move_up_soon(tx, seat.gathering_id)
    if SURVEY in purposes:
        await _ask(tx, seat)
    owed = MATERIAL in purposes and await surveys.owed_by_mail(tx, seat.subject_id)
    if owed and seat.answered_at is not None:
        await _queue(tx, seat, names.READ, seat.answered_at + limits().material_max)


async def _ask(tx: Transaction, seat: Seat) -> None:
    """Ask for an opinion who was never asked, while the survey is open."""
    gathering = await gatherings.find(tx, seat.gathering_id)
    restricted = await is_restricted(tx, seat.subject_id)
    if (
        gathering is not None
        and may_be_invited(seat.facts, gathering.course, limits(), tx.now, restricted=restricted)
        and not await surveys.was_asked(tx, seat.subject_id)
    ):
        await _queue(tx, seat, names.ASK, closes_at(gathering.course, limits()))


async def _queue(tx: Transaction, seat: Seat, kind: str, give_up_at: datetime) -> None:
    if not await surveys.keeps_waiting(tx, seat.subject_id, kind):
        await write_to(tx, seat, kind, give_up_at)
