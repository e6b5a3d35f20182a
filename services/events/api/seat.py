"""My seat, by its secret link: see it, cancel it, take back each declaration by itself."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.events import endings
from services.events import settings as names
from services.events.forms import CANCEL, NO_MATERIAL, NO_SURVEY, ONE_CLICK, RENEW, STOP
from services.events.limits import limits
from services.events.pages import REFERENCE, ROOT, described, path_of
from services.events.resuming import resume
from services.events.rules.ending import ending
from services.events.settings import MATERIAL, REGISTRATION, SERVICE, SURVEY
from services.events.store import gatherings, seats
from shared.database import Transaction
from shared.disclosure import configured_recipients, disclosed_of, object_to
from shared.errors import UnknownToken
from shared.slice import consents_of, renew_ticked, renewal
from shared.web import (
    Form,
    Values,
    find_token,
    language,
    reference,
    render,
    render_form,
    require_caught_up,
    see_other,
    submit,
    transaction,
)

router = APIRouter()
Take = Callable[[Transaction, UUID, Method], Awaitable[bool]]


@router.get(f"{ROOT}/seat/{{token}}")
@router.get(f"{ROOT}/seat/{{token}}/confirmed")
@router.get(f"{ROOT}/seat/{{token}}/saved")
async def seat_page(request: Request, token: str) -> Response:
    """Show a registration, what is held with it, what was agreed to, and when it is deleted."""
    lang = language(request)
    async with transaction(request, SERVICE) as tx:
        await require_caught_up(tx)
        _, subject_id = await find_token(tx, token, names.SEAT_LINK)
        seat = await seats.find(tx, subject_id) if subject_id else None
        gathering = await gatherings.find(tx, seat.gathering_id) if seat else None
        if seat is None or gathering is None:
            raise UnknownToken
        consents = await consents_of(tx, seat.subject_id)
        passed_on = await disclosed_of(tx, seat.subject_id)
    return render(
        request,
        f"{SERVICE}/seat.html",
        token=token,
        seat=seat,
        gathering=described(gathering, lang),
        consents=[consents[one] for one in (REGISTRATION, SURVEY, MATERIAL) if one in consents],
        renewal=renewal(request, RENEW, consents),
        passed_on=passed_on,
        recipients=configured_recipients(),
        ends_at=ending(seat.facts, gathering.course, limits()).at,
        reference=reference(REFERENCE, token),
        after=request.url.path.rpartition("/")[2],
    )


@router.post(RENEW.action)
async def renew(request: Request, token: str) -> Response:
    """Agree to the words in force, in the place of older ones that changed (R-POL-01)."""

    async def effect(tx: Transaction, values: Values) -> Response:
        _, subject_id = await find_token(tx, token, names.SEAT_LINK)
        seat = await seats.lock(tx, subject_id) if subject_id else None
        if seat is None:
            raise UnknownToken
        await resume(tx, seat, await renew_ticked(request, tx, seat.subject_id, values))
        return see_other(path_of(request, "seat", token, "saved"))

    return await submit(request, RENEW, effect)


async def _button(request: Request, token: str, form: Form) -> Response:
    """Show one button; also for a registration that nobody confirmed."""
    async with transaction(request, SERVICE) as tx:
        _, subject_id = await find_token(tx, token, names.SEAT_LINK)
        if subject_id is None or await seats.find(tx, subject_id) is None:
            raise UnknownToken
    return render_form(request, form)


@router.get(CANCEL.action)
async def cancel_page(request: Request, token: str) -> Response:
    """Ask once whether the registration is to be cancelled."""
    return await _button(request, token, CANCEL)


@router.post(CANCEL.action)
async def cancel(request: Request, token: str) -> Response:
    """Cancel a registration and have everything deleted (R-EV-10); also a second click."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, subject_id = await find_token(tx, token, names.SEAT_LINK)
        if subject_id is not None:
            await endings.cancel(tx, subject_id)
        return see_other(path_of(request, "cancelled"))

    return await submit(request, CANCEL, effect)


@router.get(f"{ROOT}/cancelled")
async def cancelled_page(request: Request) -> Response:
    """Say that it is over."""
    return render(request, f"{SERVICE}/over.html")


async def _take_back(request: Request, token: str, form: Form, take: Take) -> Response:
    """Take one declaration back; a mail program's one click gets a plain 200 (RFC 8058)."""

    async def effect(tx: Transaction, values: Values) -> Response:
        one_click = values.get(ONE_CLICK) is not None
        _, subject_id = await find_token(tx, token, names.SEAT_LINK)
        if subject_id is not None:
            await take(tx, subject_id, Method.ONE_CLICK if one_click else Method.PAGE)
        if one_click:
            return Response()
        return see_other(path_of(request, "stopped"))

    return await submit(request, form, effect)


@router.get(NO_SURVEY.action)
async def no_survey_page(request: Request, token: str) -> Response:
    """Ask once whether there is to be no survey."""
    return await _button(request, token, NO_SURVEY)


@router.post(NO_SURVEY.action)
async def no_survey(request: Request, token: str) -> Response:
    """Take the survey back, and nothing else (R-EV-04)."""
    return await _take_back(request, token, NO_SURVEY, endings.no_survey)


@router.get(NO_MATERIAL.action)
async def no_material_page(request: Request, token: str) -> Response:
    """Ask once whether there is to be no reading material."""
    return await _button(request, token, NO_MATERIAL)


@router.post(NO_MATERIAL.action)
async def no_material(request: Request, token: str) -> Response:
    """Take the reading material back, and nothing else (R-EV-04)."""
    return await _take_back(request, token, NO_MATERIAL, endings.no_material)


@router.get(STOP.action)
async def stop_page(request: Request, token: str) -> Response:
    """Ask once whether all of it is to stop."""
    return await _button(request, token, STOP)


@router.post(STOP.action)
async def stop(request: Request, token: str) -> Response:
    """Object to survey and material, which are advertising: no reason asked (Art. 21(2), (3))."""

    async def object_(tx: Transaction, subject_id: UUID, method: Method) -> bool:
        await object_to(tx, subject_id, SURVEY, MATERIAL)
        await endings.no_survey(tx, subject_id, method)
        await endings.no_material(tx, subject_id, method)
        await endings.settle_again(tx, subject_id)
        return True

    return await _take_back(request, token, STOP, object_)


@router.get(f"{ROOT}/stopped")
async def stopped_page(request: Request) -> Response:
    """Say that it holds at once."""
    return render(request, f"{SERVICE}/stopped.html")
