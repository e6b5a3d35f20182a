"""Following a request by its secret link: how far it is, and its certificate."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.rights import rules, store
from services.rights.centre.forms import BASE
from services.rights.certificates import fetch_bundle
from services.rights.settings import SERVICE, configured
from shared.database import Transaction
from shared.errors import NotFound, UnknownToken
from shared.web import render, require_caught_up, transaction, web_of

router = APIRouter()
ROOT = f"{BASE}/requests/{{secret}}"


@router.get(ROOT)
async def status_page(request: Request, secret: str) -> Response:
    """Show how far each service is; nothing on the page says whose request it is."""
    async with transaction(request, SERVICE) as tx:
        _, found = await _find(tx, secret)
        status = rules.status_of(found, tx.now)
    return render(
        request,
        f"{SERVICE}/status.html",
        asked=found,
        progress=status,
        unanswered=rules.unanswered(status.steps),
        gone_on=found.destroyed_at and found.destroyed_at + configured().request_ttl,
        secret=secret,
    )


@router.get(f"{ROOT}/certificate")
async def certificate(request: Request, secret: str) -> Response:
    """Hand out the bundle without the nonce: that one is in the mail alone."""
    async with transaction(request, SERVICE) as tx:
        request_id, found = await _find(tx, secret)
    if found.certified_at is None:
        raise NotFound
    bundle = await fetch_bundle(web_of(request).settings, request_id)
    return Response(
        bundle.to_json(),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{bundle.file_name}"'},
    )


async def _find(tx: Transaction, secret: str) -> tuple[UUID, rules.Request]:
    """Find a request by its secret. Raises UnknownToken, NotCaughtUp after a restart."""
    await require_caught_up(tx)
    request_id = await store.request_of_link(tx, secret)
    found = request_id and await store.find_request(tx, request_id)
    if not request_id or not found:
        raise UnknownToken
    return request_id, found
