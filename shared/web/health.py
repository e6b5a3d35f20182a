"""Whether a web process is alive, and whether it can do its work."""

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from shared.consumer.ready import ready_until
from shared.database import Transaction
from shared.web.parts import Web, web_of
from shared.web.problems import NotCaughtUp
from shared.web.rendering import RETRY_SECONDS

ASK_SECONDS = 2.0


def health_router(*, public: bool) -> APIRouter:
    """Build `/healthz` and `/readyz`. The public answer gives no reason. Kafka is not asked."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(request: Request, response: Response) -> dict[str, object]:
        reasons = await reasons_not_ready(web_of(request))
        if reasons:
            response.status_code = 503
            response.headers["Retry-After"] = RETRY_SECONDS
        status = "not-ready" if reasons else "ready"
        return {"status": status} if public else {"status": status, "reasons": reasons}

    return router


async def require_caught_up(tx: Transaction) -> None:
    """Let a page show what is held of a person only if nothing is missing or back from a backup.

    Forms need no such leave. Raises NotCaughtUp while the service's worker has not caught up.
    """
    if not await is_caught_up(tx):
        raise NotCaughtUp


async def is_caught_up(tx: Transaction) -> bool:
    """Say whether the service's workers vouch that nothing is missing or back from a backup."""
    return await ready_until(tx) > tx.now


async def reasons_not_ready(web: Web) -> dict[str, str]:
    """Ask every live service's database; give service to reason, empty when all answer."""
    services = [part.service for part in web.parts if part.database]
    answers = await asyncio.gather(*(_reason(web, service) for service in services))
    return {service: reason for service, reason in zip(services, answers, strict=True) if reason}


async def _reason(web: Web, service: str) -> str:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            database = await web.database(service)
            async with database.begin() as tx:
                caught_up = await is_caught_up(tx)
    except Exception as error:  # noqa: BLE001  # any failure is a reason; its class is enough
        return f"database: {type(error).__name__}"
    return "" if caught_up else "catching-up"
