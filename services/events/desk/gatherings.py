"""Gatherings at the desk: what there is, entering, moving, inviting, cancelling, concluding."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.events import organising
from services.events.desk.forms import CALL_OFF, CONCLUDE, ENTER, INVITE, MOVE
from services.events.pages import ROOT, described, path_of
from services.events.rules.gathering import Gathering, plan, read_slots
from services.events.rules.survey import shown
from services.events.settings import MAX_SHOWN, SERVICE
from services.events.store import gatherings, surveys, waiting
from shared.database import Transaction
from shared.desk import Staff, desk_submit, desk_transaction
from shared.errors import NotFound, Refused
from shared.parameters import count
from shared.web import (
    Form,
    FormRefused,
    Values,
    language,
    render,
    render_form,
    see_other,
    web_of,
)

router = APIRouter()


@router.get(f"{ROOT}/desk")
async def desk_page(request: Request) -> Response:
    """List every gathering, and what waits for the post."""
    lang = language(request)
    async with desk_transaction(request, SERVICE) as (tx, _staff):
        found = [described(one, lang) for one in await gatherings.all_of_them(tx, MAX_SHOWN)]
        letters = await surveys.to_post(tx)
    return render(request, f"{SERVICE}/desk/all.html", gatherings=found, letters=letters)


@router.get(f"{ROOT}/desk/gathering/{{gathering}}")
async def gathering_page(request: Request, gathering: str) -> Response:
    """Show one gathering: its numbers, what can be done with it, the counts that remain."""
    async with desk_transaction(request, SERVICE) as (tx, _staff):
        found = await one_of(tx, gathering)
        waits = await waiting.count_waiting(tx, found.gathering_id)
        least = count("MIN_CELL")
        counts = {"attendance": shown(await surveys.attendance(tx, found.gathering_id), least)}
        for question, each in (await surveys.totals(tx, found.gathering_id)).items():
            counts[question] = shown(each, least)
        begun = found.begins_at <= tx.now
    return render(
        request,
        f"{SERVICE}/desk/gathering.html",
        gathering=described(found, language(request)),
        taken=found.taken,
        waiting=waits,
        begun=begun,
        counts=counts,
        least=least,
    )


async def one_of(tx: Transaction, gathering: str) -> Gathering:
    """Give the gathering that a desk's path names. Raises NotFound."""
    try:
        found = await gatherings.find(tx, UUID(gathering))
    except ValueError:
        raise NotFound from None
    if found is None:
        raise NotFound
    return found


def _again(form: Form, values: Values, refused: Refused) -> FormRefused:
    """Turn a refusal into the form that comes back filled, with a sentence above it."""
    return FormRefused(form, dict(values.fields), {"form_id": refused.problem})


@router.get(ENTER.action)
async def enter_page(request: Request) -> Response:
    """Show the form of a new gathering."""
    async with desk_transaction(request, SERVICE):
        return render_form(request, ENTER)


@router.post(ENTER.action)
async def enter(request: Request) -> Response:
    """Enter a gathering; one without an end is refused (R-EV-09)."""

    async def effect(tx: Transaction, values: Values, _staff: Staff) -> Response:
        try:
            made = plan(
                values["kind"],
                {"de": values["title_de"], "en": values["title_en"]},
                values["place"],
                int(values["capacity"]) if values["capacity"].isdecimal() else 0,
                read_slots(values["dates"].splitlines()),
                listed=values.get("listed") is not None,
                now=tx.now,
            )
        except Refused as refused:
            raise _again(ENTER, values, refused) from None
        gathering_id = await organising.enter(tx, made)
        return see_other(path_of(request, "desk", "gathering", str(gathering_id)))

    return await desk_submit(request, ENTER, effect)


async def _page(request: Request, gathering: str, form: Form) -> Response:
    async with desk_transaction(request, SERVICE) as (tx, _staff):
        await one_of(tx, gathering)
    return render_form(request, form)


@router.get(MOVE.action)
async def move_page(request: Request, gathering: str) -> Response:
    """Ask for the new dates."""
    return await _page(request, gathering, MOVE)


@router.post(MOVE.action)
async def move(request: Request, gathering: str) -> Response:
    """Move a gathering; people are told."""

    async def effect(tx: Transaction, values: Values, _staff: Staff) -> Response:
        found = await one_of(tx, gathering)
        try:
            slots = read_slots(values["dates"].splitlines())
            await organising.move(tx, found.gathering_id, slots)
        except Refused as refused:
            raise _again(MOVE, values, refused) from None
        return see_other(path_of(request, "desk", "gathering", gathering))

    return await desk_submit(request, MOVE, effect)


@router.get(CALL_OFF.action)
async def call_off_page(request: Request, gathering: str) -> Response:
    """Ask once whether a gathering is to be cancelled."""
    return await _page(request, gathering, CALL_OFF)


@router.post(CALL_OFF.action)
async def call_off(request: Request, gathering: str) -> Response:
    """Cancel a gathering; people are told, then deleted."""

    async def effect(tx: Transaction, _values: Values, _staff: Staff) -> Response:
        await organising.cancel(tx, (await one_of(tx, gathering)).gathering_id)
        return see_other(path_of(request, "desk", "gathering", gathering))

    return await desk_submit(request, CALL_OFF, effect)


@router.get(CONCLUDE.action)
async def conclude_page(request: Request, gathering: str) -> Response:
    """Ask once whether a gathering is to be concluded."""
    return await _page(request, gathering, CONCLUDE)


@router.post(CONCLUDE.action)
async def conclude(request: Request, gathering: str) -> Response:
    """Conclude a gathering: surveys go out, the others' data goes."""

    async def effect(tx: Transaction, _values: Values, _staff: Staff) -> Response:
        await organising.conclude(tx, (await one_of(tx, gathering)).gathering_id)
        return see_other(path_of(request, "desk", "gathering", gathering))

    return await desk_submit(request, CONCLUDE, effect)


@router.get(INVITE.action)
async def invite_page(request: Request, gathering: str) -> Response:
    """Offer to make an invitation's link."""
    return await _page(request, gathering, INVITE)


@router.post(INVITE.action)
async def invite(request: Request, gathering: str) -> Response:
    """Make an invitation's link and show it, this once (R-EV-02)."""

    async def effect(tx: Transaction, _values: Values, _staff: Staff) -> Response:
        secret = await organising.invite(tx, (await one_of(tx, gathering)).gathering_id)
        base = web_of(request).settings.public_url.rstrip("/")
        links = [f"{base}/{lang}/{SERVICE}/register/{secret}" for lang in ("de", "en")]
        return render_form(request, INVITE, links=links)

    return await desk_submit(request, INVITE, effect)
