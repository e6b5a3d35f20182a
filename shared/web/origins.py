"""Where a POST comes from: Fetch Metadata, Origin, and the other frontends that are configured."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.settings import Settings
from shared.web.problems import CrossSite

OWN_SITE = {"same-origin", "none"}


def check_origin(request: Request, settings: Settings, allowed: Collection[str]) -> None:
    """Let our own pages, the form's configured frontends and programs post; nobody else.

    A browser sends `Sec-Fetch-Site` or `Origin`; a program, such as a mail provider's one-click
    unsubscribe (RFC 8058), sends neither, and carries no cookies of a person. Raises CrossSite.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin in allowed:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in OWN_SITE:
            raise CrossSite
        return
    if origin is not None and origin != own_origin(settings):
        raise CrossSite


def own_origin(settings: Settings) -> str:
    """Give the origin of our pages from configuration, never from the Host header."""
    url = urlsplit(settings.public_url)
    return f"{url.scheme}://{url.netloc}"


def cors_headers(request: Request, allowed: Collection[str]) -> dict[str, str]:
    """Give the CORS headers of one answer: the one origin that asked, no credentials."""
    headers = {"Vary": "Origin"} if allowed else {}
    origin = request.headers.get("origin")
    if origin is not None and origin in allowed:
        headers["Access-Control-Allow-Origin"] = origin
    return headers
