"""What a browser remembers without an id: being left out of counts, Google off, own settings."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.website import grants
from services.website.forms import GOOGLE_OFF, SETTINGS, UNCOUNTED
from services.website.frame import frame_of
from services.website.rules.choices import COUNTING, OBJECTS, PREFERENCES, write_preferences
from services.website.rules.trackers import GOOGLE
from services.website.settings import ANALYTICS, SERVICE
from services.website.site import Set
from shared.errors import NotFound
from shared.web import read_form, render, render_form, see_other, transaction

router = APIRouter()
YEAR = int(timedelta(days=365).total_seconds())


@router.get(UNCOUNTED.action)
async def counting_page(request: Request) -> Response:
    """Say what an objection does, and what it does not (R-LOG-08)."""
    counted = frame_of(request).visitor.signals.counted
    return render_form(request, UNCOUNTED, values={} if counted else {"objection": "yes"})


@router.post(UNCOUNTED.action)
async def object_to_counting(request: Request, lang: str) -> Response:
    """Remember the objection in the browser, or take it back; nothing is stored here.

    Who objects to being counted is not recognised either: a visitor's own log ends, with its link
    to an account (R-LOG-06, R-LOG-08). Taking the objection back begins none.
    """
    values = await read_form(request, UNCOUNTED)
    objects = values.get("objection") is not None
    frame = frame_of(request)
    key = frame.visitor.signals.key
    if objects and key is not None:
        async with transaction(request, SERVICE) as tx:
            standing = await grants.stands(tx, key)
            over = [subject for purpose, subject in standing.items() if purpose == ANALYTICS]
            await grants.end(tx, over, Method.SETTINGS)
    frame.cookies.append(Set(COUNTING, OBJECTS, YEAR) if objects else Set(COUNTING))
    return see_other(f"/{lang}/cookies/counting/saved")


@router.get(f"{UNCOUNTED.action}/saved")
async def counting_saved(request: Request) -> Response:
    """Say what holds now."""
    return render(request, "website/counting_saved.html")


@router.get(GOOGLE_OFF.action)
async def google_page(request: Request) -> Response:
    """Offer the opt-out of this browser and host, and the browser extension (R-GA-02)."""
    return render_form(request, GOOGLE_OFF)


@router.post(GOOGLE_OFF.action)
async def google_off(request: Request, lang: str) -> Response:
    """Set the opt-out cookie: for this browser and this host only. Again does no harm."""
    await read_form(request, GOOGLE_OFF)
    frame = frame_of(request)
    if frame.site.ga_cookie is None:
        raise NotFound
    frame.cookies.append(Set(frame.site.ga_cookie, "true", YEAR, open=True))
    return see_other(f"/{lang}/cookies/google-analytics/off")


@router.get(f"{GOOGLE_OFF.action}/off")
async def google_is_off(request: Request) -> Response:
    """Say whether it is off in this browser."""
    tracker = frame_of(request).site.registers.trackers.get(GOOGLE)
    return render(request, "website/google_off.html", tracker=tracker)


@router.get(SETTINGS.action)
async def settings_page(request: Request) -> Response:
    """Show country and language as this browser has them."""
    country, language = frame_of(request).country_and_language()
    return render_form(request, SETTINGS, values={"country": country, "language": language})


@router.post(SETTINGS.action)
async def save_settings(request: Request, lang: str) -> Response:
    """Remember country and language in the browser: two values, no id (R-CK-02)."""
    values = await read_form(request, SETTINGS)
    country, language = values.get("country") or "", values.get("language") or ""
    value = write_preferences(country, language)
    known = bool(country or language)
    cookie = Set(PREFERENCES, value, YEAR) if known else Set(PREFERENCES)
    frame_of(request).cookies.append(cookie)
    return see_other(f"/{language or lang}/")
