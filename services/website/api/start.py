"""The website's pages: where people begin, and what machines look for at fixed places."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from services.website.api.preferred import preferred_cards
from services.website.frame import frame_of
from services.website.site import SCRIPT_NAMES, SCRIPTS
from shared.errors import NotFound
from shared.web import Language, render, web_of
from shared.web.language import language_of

GPC_SINCE = "2026-11-23"
SECURITY_TXT_DAYS = 180  # RFC 9116 section 2.5.5 recommends less than a year

router = APIRouter()


@router.get("/")
async def start(request: Request) -> Response:
    """Show the live forms in both languages, the visitor's own first, else the browser's."""
    chosen = frame_of(request).country_and_language()[1]
    first = Language(chosen) if chosen else language_of(request)
    languages = [first, *(one for one in Language if one is not first)]
    cards = {language: await preferred_cards(request, language) for language in languages}
    return render(request, "website/start.html", cards=cards)


@router.get("/{lang}/")
async def start_in_language(request: Request, lang: Language) -> Response:
    """Show the live forms in one language."""
    cards = {lang: await preferred_cards(request, lang)}
    return render(request, "website/start.html", cards=cards)


@router.get("/robots.txt")
async def robots() -> Response:
    """Let search engines in: pages that are not for them say `noindex` themselves (RFC 9309)."""
    return PlainTextResponse("User-agent: *\nDisallow:\n")


@router.get("/.well-known/security.txt")
async def security_txt(request: Request) -> Response:
    """Say where to report a weakness (RFC 9116)."""
    web = web_of(request)
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=SECURITY_TXT_DAYS)
    lines = (
        f"Contact: {web.pages.controller.security_contact}",
        f"Expires: {ends_at.isoformat()}",
        "Preferred-Languages: de, en",
        f"Canonical: {web.settings.public_url}/.well-known/security.txt",
    )
    return PlainTextResponse("\n".join(lines) + "\n")


@router.get("/.well-known/gpc.json")
async def privacy_control() -> Response:
    """Say that we obey Global Privacy Control (its specification, section 4.1)."""
    return JSONResponse({"gpc": True, "lastUpdate": GPC_SINCE})


@router.get("/assets/trackers/{name}")
async def script(name: str) -> Response:
    """Give one of our own small files that start a tracker; pages name it after a grant only."""
    file = SCRIPT_NAMES.get(f"/assets/trackers/{name}")
    if file is None:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(SCRIPTS[file], media_type="text/javascript", headers=headers)
