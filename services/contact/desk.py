"""The clerk's pages: what waits and how long, one case with its letters, answering, closing."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.contact import handling, store
from services.contact.forms import ANSWER, CLOSE
from services.contact.rules import Case, Duty, is_late, waits
from services.contact.settings import SERVICE, configured
from shared.database import Transaction
from shared.desk import Staff, desk_submit, desk_transaction
from shared.errors import NotFound
from shared.web import (
    Values,
    language,
    render,
    render_form,
    require_caught_up,
    see_other,
    web_of,
)
from shared.web.wordings import Wordings

router = APIRouter()


@router.get(f"/{{lang}}/{SERVICE}/desk")
async def queue_page(request: Request) -> Response:
    """List the cases: those that wait for an answer first, the longest waiting before others."""
    async with desk_transaction(request, SERVICE) as (tx, _staff):
        await require_caught_up(tx)
        within = configured().answer_within
        cases = [
            (case, waits(case, tx.now).days, is_late(case, tx.now, within))
            for case in await store.queue(tx)
        ]
        counts = await store.count(tx, within)
    return render(request, f"{SERVICE}/desk/queue.html", cases=cases, counts=counts)


@router.get(ANSWER.action)
async def case_page(request: Request, case: str) -> Response:
    """Show a case and its letters, with a form to answer, unless the person must agree anew."""
    async with desk_transaction(request, SERVICE) as (tx, _staff):
        await require_caught_up(tx)
        found = await _found(tx, case)
        letters = await store.letters_of(tx, found.subject_id)
        anew = await handling.must_agree_anew(tx, found.subject_id, _wordings(request))
    return render_form(request, ANSWER, case=found, letters=letters, must_agree_anew=anew)


@router.post(ANSWER.action)
async def answer(request: Request, case: str) -> Response:
    """Answer: the letter is stored with the case and mailed by the worker (R-CT-07)."""

    async def effect(tx: Transaction, values: Values, _staff: Staff) -> Response:
        found = await _found(tx, case)
        await handling.answer(tx, found.subject_id, values["answer"], _wordings(request))
        return see_other(f"/{language(request)}/{SERVICE}/desk/case/{found.subject_id}")

    return await desk_submit(request, ANSWER, effect)


@router.get(CLOSE.action)
async def close_page(request: Request, case: str) -> Response:
    """Ask whether a law keeps the letters, then close."""
    async with desk_transaction(request, SERVICE) as (tx, _staff):
        await require_caught_up(tx)
        await _found(tx, case)
    return render_form(request, CLOSE)


@router.post(CLOSE.action)
async def close(request: Request, case: str) -> Response:
    """Close a case: deleted by the worker, except what a law keeps (R-CT-06)."""

    async def effect(tx: Transaction, values: Values, _staff: Staff) -> Response:
        found = await _found(tx, case)
        await handling.close(tx, found.subject_id, Duty(values["duty"]))
        return see_other(f"/{language(request)}/{SERVICE}/desk")

    return await desk_submit(request, CLOSE, effect)


def _wordings(request: Request) -> Wordings:
    return web_of(request).pages.wordings[SERVICE]


async def _found(tx: Transaction, case: str) -> Case:
    try:
        found = await store.find_case(tx, UUID(case))
    except ValueError:
        raise NotFound from None
    if found is None:
        raise NotFound
    return found
