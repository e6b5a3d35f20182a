"""Which browser signed in: told to the service that knows visitors, if one may be known (R-LOG-06).

The service that holds accounts passes on the browser's own choice as it was sent, and the random id
of the account. Whether the visitor agreed to be assigned to it, the service of visitors alone
knows: it links, or it does not.
"""

from typing import Final
from uuid import UUID

import httpx2
from starlette.background import BackgroundTask
from starlette.requests import Request

from shared.logs import log
from shared.saga.credentials import bearer, own_credential
from shared.settings import Settings
from shared.web.parts import web_of

CHOICES_COOKIE: Final = "choices"
HOLDER: Final = "website"
PATH: Final = "/internal/v1/visitor-links"
TIMEOUT_S: Final = 2.0


def tell_signed_in(request: Request, service: str, account_id: UUID) -> BackgroundTask | None:
    """Give what is to be done after the answer to a sign-in; None for a browser without a choice.

    `service` holds the account. It runs once the answer has left, so nobody waits for it; if the
    visitors cannot be asked, the next sign-in links.
    """
    choices = request.cookies.get(CHOICES_COOKIE, "")
    if not choices:
        return None
    return BackgroundTask(_tell, web_of(request).settings, service, choices, account_id)


async def _tell(settings: Settings, service: str, choices: str, account_id: UUID) -> None:
    url = settings.internal_url.replace("{service}", HOLDER) + PATH
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            answer = await client.post(
                url,
                json={"choices": choices, "account_id": str(account_id)},
                headers=bearer(own_credential(settings, service)),
            )
        answer.raise_for_status()
    except (httpx2.HTTPError, OSError) as error:
        log.warning("visitor-not-linked", service=service, error=error)
