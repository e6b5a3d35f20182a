"""The page on which a visitor chooses, and the banner's answer: the same form (R-CK-08)."""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.website import grants
from services.website.choosing import Choice, choose
from services.website.forms import CHOICES, ROOT, field_of
from services.website.frame import PageFrame, choice_cookie, frame_of, over
from services.website.rules.trackers import OWN
from services.website.settings import SERVICE
from shared.database import Transaction
from shared.web import (
    Language,
    Values,
    language,
    render,
    render_form,
    see_other,
    submit,
    transaction,
)

router = APIRouter()
BANNER = "banner"
OWN_PATH = re.compile(r"/(?:(?:[A-Za-z0-9._~-]+/)*[A-Za-z0-9._~-]*)?")


@router.get(ROOT)
async def choices_page(request: Request, lang: Language) -> Response:
    """Show what is granted, what may be, every cookie, and whose words changed (R-POL-01)."""
    frame = frame_of(request)
    ticked = {
        field_of(one): frame.site.wordings.current(one, lang).sha256
        for one in frame.visitor.granted
        if frame.visitor.may(one)
    }
    outdated: list[str] = []
    if frame.visitor.signals.key is not None:
        async with transaction(request, SERVICE) as tx:
            outdated = await grants.outdated(tx, frame.visitor.signals.key, frame.site.wordings)
    return render_form(request, CHOICES, values=ticked, outdated=outdated)


@router.post(ROOT)
async def save_choices(request: Request) -> Response:
    """Carry a choice out; nothing ticked is a refusal, and leaves nothing with us."""
    frame = frame_of(request)

    async def effect(tx: Transaction, values: Values) -> Response:
        wanted = {
            one.purpose: values.granted[one.name]
            for one in CHOICES.declarations
            if one.name in values.granted
        }
        by_banner = values.get("by") == BANNER
        choice = Choice(wanted, Method.BANNER if by_banner else Method.SETTINGS)
        site = frame.site
        chosen = await choose(tx, frame.visitor, choice, site.registers, site.wordings)
        ended = bool(chosen.ended - chosen.granted)
        tx.on_commit(lambda: leave(frame, chosen.key, chosen.granted, clears=ended))
        # Who ended something sees what only they can delete; other windows hear of it (R-CK-03).
        back = "" if ended else own_path(values.get("back"))
        return see_other(back or f"/{language(request)}/cookies/saved")

    return await submit(request, CHOICES, effect)


@router.get(f"{ROOT}/saved")
async def saved_page(request: Request) -> Response:
    """Say what holds now, and what only the visitor can delete (R-CK-03)."""
    frame = frame_of(request)
    foreign = [
        one
        for one in frame.site.registers.cookies
        if one.host not in OWN and one.provider in frame.site.registers.trackers
    ]
    return render(request, "website/saved.html", foreign=foreign)


def leave(frame: PageFrame, key: str | None, granted: frozenset[str], *, clears: bool) -> None:
    """Set the choice, and delete what trackers left on our hosts that are granted no more."""
    frame.cookies[:] = [choice_cookie(frame.site, key), *over(frame, granted)]
    frame.clears = clears


def own_path(back: str | None) -> str:
    """Give the page that a banner stood on, if it is one of ours; else nothing."""
    return back if back and OWN_PATH.fullmatch(back) else ""
