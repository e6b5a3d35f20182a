"""What the ledger answers: bundles to origins, and to everybody whether a certificate holds."""

import asyncio
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.tlog.checkpoint import Checkpoint
from contracts.topics import ERASURE_SERVICE
from contracts.verify_bundle import verify
from services.erasure import evidence_pages, published
from services.erasure.bundles import bundles
from services.erasure.filling import with_places
from services.erasure.forms import VERIFY, VERIFY_FILE
from services.erasure.log import cosignatures, explore
from services.erasure.log import pages as log_pages
from services.erasure.log.store import public_note
from services.erasure.printing import pages as printing
from services.erasure.settings import ErasureSettings
from services.erasure.since import recipient_named, sentences
from services.erasure.store import checks, progress
from shared.errors import NotFound
from shared.saga.credentials import Callers
from shared.web import Form, language, read_form, render, render_form, transaction, web_of
from shared.web.language import PAGE_ZONE, Language
from shared.web.rendering import wants_json

PATH: Final = "/internal/v1"
JSON: Final = "application/json"

router = APIRouter()
router.include_router(evidence_pages.router)
router.include_router(log_pages.router)
router.include_router(explore.router)
router.include_router(published.router)
router.include_router(printing.router)
internal = APIRouter()
internal.include_router(printing.internal)


@router.get(VERIFY.action)
async def verify_page(request: Request) -> Response:
    """Show the form."""
    return render_form(request, VERIFY)


@router.post(VERIFY.action)
async def verify_posted(request: Request) -> Response:
    """Check what was pasted against our own root key; nothing is stored, nothing is logged."""
    return await _verified(request, VERIFY)


@router.get(VERIFY_FILE.action)
async def verify_file_page(request: Request) -> Response:
    """Show the form that takes the file itself."""
    return render_form(request, VERIFY_FILE)


@router.post(VERIFY_FILE.action)
async def verify_file_posted(request: Request) -> Response:
    """Check a file likewise; its name is never read."""
    return await _verified(request, VERIFY_FILE)


async def _verified(request: Request, form: Form) -> Response:
    values = await read_form(request, form)
    trust = await asyncio.to_thread(web_of(request).settings.trust.read_bytes)
    data = values["bundle"].encode()
    report = await asyncio.to_thread(verify, data, trust=trust)
    if not report["valid"]:  # where a key was revoked, an old bundle cannot say enough
        async with transaction(request, ERASURE_SERVICE) as tx:
            filled = await with_places(tx, data, trust)
        if filled is not None:
            report = await asyncio.to_thread(verify, filled, trust=trust)
    if wants_json(request):
        return Response(_json(report), media_type=JSON)
    in_log = await _in_log(request, report)
    shown = _shown(report, language(request))
    return render(request, "erasure/result.html", report=report, in_log=in_log, **shown)


async def _in_log(request: Request, report: dict[str, Any]) -> bool:
    """Say whether the public log has the certificate at the place that the bundle proves."""
    if not report["valid"] or not report["log"]:
        return False
    async with transaction(request, ERASURE_SERVICE) as tx:
        return await explore.holds(tx, report["sha256"], report["log"]["index"])


@internal.get(f"{PATH}/certificates/{{request_id}}")
async def certificate(request: Request, request_id: UUID) -> Response:
    """Hand the bundle of a certified request to its origin; 404 before that, and for others."""
    caller = Callers(web_of(request).settings).caller_of(request)
    trust = await asyncio.to_thread(web_of(request).settings.trust.read_bytes)
    async with transaction(request, ERASURE_SERVICE) as tx:
        if await progress.origin_of(tx, request_id) != caller:
            raise NotFound
        found = await bundles(tx, [request_id], trust)
    if request_id not in found:
        raise NotFound
    return Response(found[request_id].to_json(), media_type=JSON)


@internal.get(f"{PATH}/sagas/{{request_id}}")
async def saga(request: Request, request_id: UUID) -> Response:
    """Tell its origin how far a request is: what each participant owes, failures, overdue."""
    caller = Callers(web_of(request).settings).caller_of(request)
    async with transaction(request, ERASURE_SERVICE) as tx:
        if await progress.origin_of(tx, request_id) != caller:
            raise NotFound
        shown = await progress.of(tx, request_id)
    return Response(_json(shown), media_type=JSON)


@internal.get("/metrics/erasure")
async def metrics(request: Request) -> Response:
    """Give whoever watches the installation how its checks of itself went, and who saw its log."""
    own = ErasureSettings.load()
    async with transaction(request, ERASURE_SERVICE) as tx:
        found = await checks.latest(tx)
        note = await public_note(tx)
        seen = await cosignatures.latest(tx, [one.key for one in own.witnessed_by])
    size = Checkpoint.read(note).size if note else 0
    lines = [*checks.gauges(found), *cosignatures.gauges(size, seen)]
    return Response("".join(lines), media_type="text/plain; version=0.0.4")


def _shown(report: dict[str, Any], lang: Language) -> dict[str, Any]:
    """Take what the page says of a certificate that holds, in the zone of its readers."""
    if not report["valid"]:
        return {}
    said = report["certificate"]
    return {
        "received_at": datetime.fromisoformat(said["receivedAt"]),
        "completed_at": datetime.fromisoformat(said["completedAt"]),
        "kept": [
            (one["service"], held, _day_of(held["until"]))
            for one in said["participants"]
            for held in one["held"]
        ],
        "processors": [
            (recipient_named(one["recipient"]), one["state"]) for one in said["processors"]
        ],
        "since": sentences(report["since"], lang),
        "outside": [
            (one["what"], one["goneBy"] and _day_of(one["goneBy"])) for one in said["outOfScope"]
        ],
    }


def _day_of(time: str) -> date:
    return datetime.fromisoformat(time).astimezone(PAGE_ZONE).date()


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str)
