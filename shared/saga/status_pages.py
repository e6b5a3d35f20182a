"""Following a request by its secret link: how far it is, and its certificate."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from shared.database import Transaction
from shared.errors import NotFound, UnknownToken
from shared.parameters import duration
from shared.saga import requests
from shared.saga.certificates import fetch_bundle, fetch_printed
from shared.saga.status import Request as Followed
from shared.saga.status import status_of, unanswered
from shared.web import language, render, require_caught_up, transaction, web_of

PRINTED = "certificate.pdf"


def status_router(service: str) -> APIRouter:
    """Make the status pages of an origin; it brings the template `<service>/status.html`."""
    router = APIRouter()
    root = f"/{{lang}}/{service}/requests/{{secret}}"

    @router.get(root)
    async def status_page(request: Request, secret: str) -> Response:
        """Show how far each service is; nothing on the page says whose request it is."""
        async with transaction(request, service) as tx:
            _, found = await _find(tx, secret)
            progress = status_of(found, tx.now)
        return render(
            request,
            f"{service}/status.html",
            asked=found,
            progress=progress,
            unanswered=unanswered(progress.steps),
            gone_on=found.destroyed_at and found.destroyed_at + duration("REQUEST_TTL"),
            secret=secret,
        )

    @router.get(f"{root}/certificate")
    async def certificate(request: Request, secret: str) -> Response:
        """Hand out the bundle without the nonce: that one is in the mail alone."""
        request_id = await _certified(request, service, secret)
        bundle = await fetch_bundle(web_of(request).settings, service, request_id)
        return _handed_out(bundle.to_json(), "application/json", bundle.file_name)

    @router.get(f"{root}/{PRINTED}")
    async def printed(request: Request, secret: str) -> Response:
        """Hand out the certificate's copy for paper, in the language of the page."""
        request_id = await _certified(request, service, secret)
        pdf = await fetch_printed(web_of(request).settings, service, request_id, language(request))
        return _handed_out(pdf, "application/pdf", PRINTED)

    return router


def _handed_out(content: bytes, media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


async def _certified(request: Request, service: str, secret: str) -> UUID:
    """Find a request that has a certificate. Raises NotFound before that, and what _find does."""
    async with transaction(request, service) as tx:
        request_id, found = await _find(tx, secret)
    if found.certified_at is None:
        raise NotFound
    return request_id


async def _find(tx: Transaction, secret: str) -> tuple[UUID, Followed]:
    """Find a request by its secret. Raises UnknownToken, NotCaughtUp after a restart."""
    await require_caught_up(tx)
    request_id = await requests.request_of_link(tx, secret)
    found = request_id and await requests.find_request(tx, request_id)
    if not request_id or not found:
        raise UnknownToken
    return request_id, found
