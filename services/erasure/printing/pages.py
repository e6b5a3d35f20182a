"""The printed copy for origins, and the page that its QR code leads to."""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.bundle import Bundle
from contracts.topics import ERASURE_SERVICE
from contracts.verify_bundle import verify
from services.erasure.bundles import bundles
from services.erasure.printing.paper import EPOCH, print_certificate
from services.erasure.store import certificates, progress
from shared.errors import NotFound
from shared.saga.credentials import Callers
from shared.web import Language, render, transaction, web_of
from shared.web.language import PAGE_ZONE

ISSUED: Final = f"/{{lang}}/{ERASURE_SERVICE}/issued/{{since}}/{{digest}}"
PDF: Final = "application/pdf"
DIGITS: Final = 17  # microseconds since 1970 until the year 5138
DIGEST_DIGITS: Final = 64

router = APIRouter()
internal = APIRouter()


@router.get(ISSUED)
async def issued_page(request: Request, since: str, digest: str) -> Response:
    """Say whether a certificate with this digest was issued, the day and the outcome: no more."""
    at, sha256 = _time(since), _digest(digest)
    found = None
    if at is not None and sha256 is not None:
        async with transaction(request, ERASURE_SERVICE) as tx:
            found = await certificates.issued(tx, at, sha256)
    return render(
        request,
        f"{ERASURE_SERVICE}/issued.html",
        status=200 if found else 404,
        outcome=found,
        on=at.astimezone(PAGE_ZONE).date() if found and at else None,
        digest=digest if sha256 else "",
    )


@internal.get("/internal/v1/certificates/{request_id}/printed/{language}")
async def printed(request: Request, request_id: UUID, language: Language) -> Response:
    """Print the certificate of a request for its origin; 404 before that, and for others."""
    web = web_of(request)
    caller = Callers(web.settings).caller_of(request)
    trust = await asyncio.to_thread(web.settings.trust.read_bytes)
    async with transaction(request, ERASURE_SERVICE) as tx:
        if await progress.origin_of(tx, request_id) != caller:
            raise NotFound
        found = (await bundles(tx, [request_id], trust)).get(request_id)
    if found is None:
        raise NotFound
    pdf = await asyncio.to_thread(_printed, found, language, web.settings.public_url)
    return Response(pdf, media_type=PDF)


def _printed(bundle: Bundle, language: Language, public_url: str) -> bytes:
    """Print a certificate with what was said since."""
    since = verify(bundle.to_json()).get("since", ())
    return print_certificate(bundle.certificate, language, public_url, since)


def _time(since: str) -> datetime | None:
    """Read microseconds since 1970; None for anything else."""
    if not since.isascii() or not since.isdigit() or len(since) > DIGITS:
        return None
    return EPOCH + timedelta(microseconds=int(since))


def _digest(digest: str) -> bytes | None:
    """Read a SHA-256 in hex; None for anything else."""
    try:
        raw = bytes.fromhex(digest) if len(digest) == DIGEST_DIGITS else None
    except ValueError:
        return None
    return raw if raw is not None and len(raw) * 2 == DIGEST_DIGITS else None
