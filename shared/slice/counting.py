"""How many consents stand in a slice, by purpose: what the views are compared with."""

from typing import Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.topics import ERASURE_SERVICE
from shared.errors import NotAllowed
from shared.saga.credentials import Callers
from shared.web import require_caught_up, transaction, web_of

PATH: Final = "/internal/v1/consents/{service}"


def counting_router(service: str) -> APIRouter:
    """Make the internal route that tells the ledger, and nobody else, how many there are."""
    router = APIRouter()

    @router.get(PATH.replace("{service}", service))
    async def counts(request: Request) -> Response:
        """Count by purpose: `{"newsletter.send": 3}`. Raises NotAllowed, NotCaughtUp."""
        if Callers(web_of(request).settings).caller_of(request) != ERASURE_SERVICE:
            raise NotAllowed
        async with transaction(request, service) as tx:
            await require_caught_up(tx)
            rows = await tx.fetch("select purpose, count(*) from consent group by purpose")
        return Response(
            orjson.dumps({row["purpose"]: row["count"] for row in rows}),
            media_type="application/json",
        )

    return router
