"""Cookies that mean a session, and the forms of signed-in people.

A form with `guard="desk-events"` is accepted only with that cookie and a token made for it; who the
session belongs to, and whether it still lives, its owner asks in the transaction.
"""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Refused
from shared.web.csrf import check_csrf, csrf_token
from shared.web.parts import Web, web_of

CSRF = "csrf"


class NotSignedIn(Refused):
    """You are not signed in. Sign in and open this page again."""

    status = 401
    problem = "not-signed-in"
    sign_in = ""  # of a subclass: the page to sign in at, with {lang} and {service}


def cookie_name(web: Web, name: str) -> str:
    """Give a session cookie's name: with `__Host-` except in development, which may lack TLS."""
    return name if web.settings.development else f"__Host-{name}"


def read_cookie(request: Request, name: str) -> str:
    """Give what the browser sent under a session cookie's name, or an empty string."""
    return request.cookies.get(cookie_name(web_of(request), name), "")


def set_cookie(request: Request, answer: Response, name: str, value: str) -> None:
    """Set a session cookie: this host only, no script reads it, it ends with the browser."""
    web = web_of(request)
    answer.set_cookie(
        cookie_name(web, name),
        value,
        path="/",
        secure=not web.settings.development,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, answer: Response, name: str) -> None:
    """Delete a session cookie in the browser."""
    web = web_of(request)
    answer.delete_cookie(
        cookie_name(web, name), path="/", secure=not web.settings.development, httponly=True
    )


def session_digest(value: str) -> bytes:
    """Give what is stored of a session's secret."""
    return hashlib.sha256(value.encode()).digest()


def make_guard_token(request: Request, guard: str) -> str:
    """Make the token of one rendered form; empty without the session's cookie."""
    value = read_cookie(request, guard)
    return csrf_token(_key(request), session_digest(value)) if value else ""


def check_guard_token(request: Request, guard: str, token: str) -> None:
    """Accept a form of this session. Raises NotSignedIn without one, CrossSite for another's."""
    value = read_cookie(request, guard)
    if not value:
        raise NotSignedIn
    check_csrf(_key(request), session_digest(value), token)


def _key(request: Request) -> bytes:
    return web_of(request).settings.make_secret("web/csrf").encode()
