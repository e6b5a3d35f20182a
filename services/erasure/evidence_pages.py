"""The page of one consent, for whoever holds its secret id: it stays when the slice forgot them.

Nothing here names anybody. The id was mailed to the person alone; without it a row says that
somebody agreed, and nobody can tell who (R-NL-09; GDPR Art. 7(1), 11).
"""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.topics import ERASURE_SERVICE
from services.erasure.store.consents import find_evidence
from shared.errors import UnknownToken
from shared.web import render, require_caught_up, transaction, web_of
from shared.web.consent_receipt import FILE_NAME, Given, receipt_file

PATH: Final = f"/{{lang}}/{ERASURE_SERVICE}/consents/{{consent_id}}"

router = APIRouter()


@router.get(PATH)
async def consent_page(request: Request, consent_id: str) -> Response:
    """Show what was agreed to, when, and when it ended; it changes nothing."""
    given = await _find(request, consent_id)
    if given is None:
        return render(request, f"{ERASURE_SERVICE}/no_consent.html", status=404)
    return render(
        request,
        f"{ERASURE_SERVICE}/consent.html",
        given=given,
        text=_text(request, given),
        file=FILE_NAME,
    )


@router.get(f"{PATH}/{FILE_NAME}")
async def consent_file(request: Request, consent_id: str) -> Response:
    """Hand out the same for programs. Raises UnknownToken."""
    given = await _find(request, consent_id)
    if given is None:
        raise UnknownToken
    return Response(
        receipt_file(given, web_of(request).pages.controller),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{FILE_NAME}"'},
    )


async def _find(request: Request, consent_id: str) -> Given | None:
    """Find a consent by what stands in a link; None for anything else."""
    try:
        wanted = UUID(consent_id)
    except ValueError:
        return None
    async with transaction(request, ERASURE_SERVICE) as tx:
        await require_caught_up(tx)
        return await find_evidence(tx, wanted)


def _text(request: Request, given: Given) -> str | None:
    """Give the exact words, if their file is still here, whichever service published them."""
    if given.wording_sha256 is None:
        return None
    for wordings in web_of(request).pages.wordings.values():
        found = wordings.by_sha256(given.wording_sha256)
        if found is not None:
            return found.text
    return None
