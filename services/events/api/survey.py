"""The survey: three questions by a mailed link, answered once, and what follows from answers."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.events import settings as names
from services.events.endings import settle_again
from services.events.forms import SURVEY_FORM
from services.events.limits import limits
from services.events.pages import ROOT, path_of
from services.events.reading import catalogue
from services.events.rules.ending import may_answer
from services.events.rules.seat import Seat, SurveyOver
from services.events.rules.survey import QUESTIONS, REMARK, Channel, Sending, choose
from services.events.settings import MATERIAL, SERVICE, SURVEY
from services.events.store import gatherings, seats, surveys
from services.events.writing import write_to
from shared.database import Transaction
from shared.slice import MustAgreeAnew, consents_of, still_counting
from shared.web import (
    Values,
    find_token,
    render,
    render_form,
    require_caught_up,
    see_other,
    submit,
    transaction,
    web_of,
)

router = APIRouter()


async def _answering(
    request: Request, tx: Transaction, token: str
) -> tuple[Seat, frozenset[Channel]]:
    """Give the seat that a survey link belongs to, and how reading material may come to it now.

    Raises SurveyOver if nothing is asked of it, MustAgreeAnew while the words of its declaration
    wait to be renewed; while those about material do, there is no way for it (R-POL-01).
    """
    _, subject_id = await find_token(tx, token, names.SURVEY_LINK)
    seat = await seats.lock(tx, subject_id) if subject_id else None
    gathering = await gatherings.find(tx, seat.gathering_id) if seat else None
    if (
        seat is None
        or gathering is None
        or not may_answer(seat.facts, gathering.course, limits(), tx.now)
    ):
        raise SurveyOver
    count = still_counting(
        await consents_of(tx, seat.subject_id), web_of(request).pages.wordings[SERVICE]
    )
    if SURVEY not in count:
        raise MustAgreeAnew
    return seat, seat.channels if MATERIAL in count else frozenset()


@router.get(SURVEY_FORM.action)
async def survey_page(request: Request, token: str) -> Response:
    """Show the questions."""
    async with transaction(request, SERVICE) as tx:
        await require_caught_up(tx)
        await _answering(request, tx, token)
    return render_form(request, SURVEY_FORM)


@router.post(SURVEY_FORM.action)
async def survey(request: Request, token: str) -> Response:
    """Store answers, once; choose reading material if it was agreed to (R-EV-06, R-EV-07)."""

    async def effect(tx: Transaction, values: Values) -> Response:
        seat, channels = await _answering(request, tx, token)
        answers = {name: values[name] for name in QUESTIONS if values.get(name)}
        chosen = choose(answers, catalogue().values(), channels)
        await surveys.add_answers(
            tx, seat.subject_id, seat.gathering_id, answers, values.get(REMARK)
        )
        await _owe(tx, seat, chosen)
        await settle_again(tx, seat.subject_id)
        return see_other(path_of(request, "thanks", "material" if chosen else "nothing"))

    return await submit(request, SURVEY_FORM, effect)


async def _owe(tx: Transaction, seat: Seat, chosen: tuple[Sending, ...]) -> None:
    """Note what is to be sent; what goes by e-mail is queued at once, the post is collected."""
    await surveys.owe(tx, seat.subject_id, chosen)
    if any(one.channel is Channel.EMAIL for one in chosen):
        await write_to(tx, seat, names.READ, tx.now + limits().material_max)


@router.get(f"{ROOT}/thanks/material")
@router.get(f"{ROOT}/thanks/nothing")
async def thanks_page(request: Request) -> Response:
    """Say thank you, and what comes."""
    owed = request.url.path.endswith("/material")
    return render(request, f"{SERVICE}/thanks.html", owed=owed)
