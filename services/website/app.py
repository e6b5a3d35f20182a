"""The website's pages: where people begin, and what machines look for at fixed places."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.web import Language, render, web_of
from shared.web.language import language_of

SECURITY_TXT_DAYS = 180  # RFC 9116 section 2.5.5 recommends less than a year

router = APIRouter()


@router.get("/")
async def start(request: Request) -> Response:
    """Show the live forms in both languages, the browser's first."""
    first = language_of(request)
    languages = [first, *(one for one in Language if one is not first)]
    cards = {language: web_of(request).cards(language) for language in languages}
    return render(request, "website/start.html", cards=cards)


@router.get("/{lang}/")
async def start_in_language(request: Request, lang: Language) -> Response:
    """Show the live forms in one language."""
    return render(request, "website/start.html", cards={lang: web_of(request).cards(lang)})


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
