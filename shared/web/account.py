"""Who is signed in to the account, as another service may ask: to fill a form, and nothing else.

The service that holds accounts offers one internal route; a service that wants to prefill a form
sends it the digest of the visitor's account cookie with its own credential. What comes back is
shown to that same visitor and stored only if they send the form: their own copy (R-EV-01).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import httpx2
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from shared.database import Transaction
from shared.errors import NotAllowed, NotFound
from shared.logs import log
from shared.saga.credentials import Callers, bearer, own_credential
from shared.web.guard import read_cookie, session_digest
from shared.web.health import require_caught_up
from shared.web.parts import transaction, web_of
from shared.web.reading import read_json

ACCOUNT_COOKIE: Final = "account"  # `__Host-account` with TLS
HOLDER: Final = "registration"
PATH: Final = "/internal/v1/account"
TIMEOUT_S: Final = 1.0  # a form opens empty rather than late
FIELDS: Final = (  # R-ACC-01, R-EV-03: closed
    "title",
    "first_name",
    "last_name",
    "email",
    "company",
    "department",
    "street",
    "postal_code",
    "city",
    "telephone",
)

Lookup = Callable[[Transaction, bytes], Awaitable[Mapping[str, str] | None]]


class Asked(BaseModel):
    """The digest of one session, in hex."""

    session_sha256: str = Field(pattern="^[0-9a-f]{64}$")


async def account_of(request: Request, service: str) -> dict[str, str]:
    """Give the fields of the signed-in visitor's account to prefill a form of `service`.

    Empty for a visitor who is not signed in, and while the accounts cannot be asked: prefilling is
    a convenience, no right. Only `FIELDS` come through.
    """
    secret = read_cookie(request, ACCOUNT_COOKIE)
    if not secret:
        return {}
    settings = web_of(request).settings
    url = settings.internal_url.replace("{service}", HOLDER) + PATH
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            answer = await client.post(
                url,
                json={"session_sha256": session_digest(secret).hex()},
                headers=bearer(own_credential(settings, service)),
            )
        if answer.status_code == 404:  # noqa: PLR2004
            return {}
        answer.raise_for_status()
        told = answer.json()
        return {name: str(told[name]) for name in FIELDS if told.get(name)}
    except (httpx2.HTTPError, OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("account-not-asked", service=service, error=error)
        return {}


def account_router(service: str, lookup: Lookup, callers: frozenset[str]) -> APIRouter:
    """Build the account holder's side: `lookup(tx, session digest)` gives the fields, or None.

    `callers` are the services that may ask. 404 for a session that is over, an account that is
    restricted or erased, and whatever `lookup` does not know.
    """
    router = APIRouter()

    @router.post(PATH)
    async def account(request: Request) -> dict[str, str]:
        if Callers(web_of(request).settings).caller_of(request) not in callers:
            raise NotAllowed
        asked = await read_json(request, Asked)
        async with transaction(request, service) as tx:
            await require_caught_up(tx)
            found = await lookup(tx, bytes.fromhex(asked.session_sha256))
        if found is None:
            raise NotFound
        return {name: found[name] for name in FIELDS if found.get(name)}

    return router
