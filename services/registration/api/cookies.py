"""ONLINEPLUS, the cookie that opens documents, and the account page's (R-CK-04).

The first reaches every subdomain, so it opens documents and nothing else. The second belongs to
this host alone. In development, without TLS, both go without `Secure`, and the second without its
prefix `__Host-`.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.registration.forms import GUARD
from services.registration.rules import check_cookie_domain
from services.registration.settings import configured
from shared.parameters import duration
from shared.web import web_of
from shared.web.guard import drop_cookie, read_cookie, session_digest, set_cookie

ONLINEPLUS: Final = "ONLINEPLUS"


def set_both(
    request: Request, answer: Response, account: str, documents: str, *, this_session: bool
) -> None:
    """Give a browser both cookies of a new sign-in."""
    set_cookie(request, answer, GUARD, account)
    set_onlineplus(request, answer, documents, this_session=this_session)


def set_onlineplus(request: Request, answer: Response, value: str, *, this_session: bool) -> None:
    """Set ONLINEPLUS: until "Log out", or until the browser closes if the person chose that."""
    settings = web_of(request).settings
    answer.set_cookie(
        ONLINEPLUS,
        value,
        max_age=None if this_session else round(duration("ONLINEPLUS_MAX").total_seconds()),
        path="/",
        domain=_domain(request),
        secure=not settings.development,
        httponly=True,
        samesite="lax",
    )


def drop_both(request: Request, answer: Response) -> None:
    """Delete both cookies in the browser."""
    drop_cookie(request, answer, GUARD)
    answer.delete_cookie(
        ONLINEPLUS,
        path="/",
        domain=_domain(request),
        secure=not web_of(request).settings.development,
        httponly=True,
        samesite="lax",
    )


def onlineplus(request: Request) -> str:
    """Give what the browser sent as ONLINEPLUS, or an empty string."""
    return request.cookies.get(ONLINEPLUS, "")


def digests(request: Request) -> list[bytes]:
    """Give what is stored of the cookies that the browser sent."""
    return [
        session_digest(value)
        for value in (read_cookie(request, GUARD), onlineplus(request))
        if value
    ]


def _domain(request: Request) -> str | None:
    settings = web_of(request).settings
    if settings.development:
        return None
    return check_cookie_domain(configured().onlineplus_domain, settings.public_url) or None
