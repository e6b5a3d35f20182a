"""Who comes, at the desk: the list of a gathering, and noting who was there."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.events import organising
from services.events.desk.forms import ATTENDANCE
from services.events.desk.gatherings import one_of
from services.events.pages import path_of
from services.events.settings import SERVICE
from shared.database import Transaction
from shared.desk import Staff, desk_submit, desk_transaction
from shared.errors import NotFound
from shared.web import Values, render_form, require_caught_up, see_other

router = APIRouter()


@router.get(ATTENDANCE.action)
async def attendance_page(request: Request, gathering: str) -> Response:
    """List who has a seat, by the time it was confirmed, with two buttons for each.

    Who is restricted is left out (Art. 18).
    """
    async with desk_transaction(request, SERVICE) as (tx, _staff):
        await require_caught_up(tx)
        found = await one_of(tx, gathering)
        booked = await organising.attending(tx, found.gathering_id)
    return render_form(request, ATTENDANCE, seats=booked, gathering=gathering)


@router.post(ATTENDANCE.action)
async def attendance(request: Request, gathering: str) -> Response:
    """Note whether somebody was there."""

    async def effect(tx: Transaction, values: Values, _staff: Staff) -> Response:
        found = await one_of(tx, gathering)
        try:
            seat = UUID(values["seat"])
        except ValueError:
            raise NotFound from None
        attended = values["attended"] == "yes"
        await organising.note_attendance(tx, found.gathering_id, seat, attended=attended)
        return see_other(path_of(request, "desk", "gathering", gathering, "attendance"))

    return await desk_submit(request, ATTENDANCE, effect)
