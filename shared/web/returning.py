"""Where a person goes on after a form that another site's frontend posted: never just anywhere."""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Refused
from shared.settings import SettingsError
from shared.web.configuration import WebSettings
from shared.web.forms import Form

if TYPE_CHECKING:
    from shared.web.parts import Part

RETURN_TO: Final = "return_to"


class WrongReturn(Refused):
    """This form does not lead to that page. Send one of the addresses that its descriptor names."""

    status = 422
    problem = "wrong-return"


def take_return(
    request: Request, form: Form, posted: MutableMapping[str, str], configured: WebSettings
) -> None:
    """Take the page to go on to out of what was posted, if the form has any configured.

    Compared as a whole: a part that fits would send people anywhere. Raises WrongReturn.
    """
    urls = configured.return_urls.get(form.key)
    if urls and RETURN_TO in posted:
        url = posted.pop(RETURN_TO)
        if url not in urls:
            raise WrongReturn
        request.state.return_to = url


def lead_back(request: Request, answer: Response) -> None:
    """Let an answer that leads on lead to the page that was asked for.

    The path of our own page, which may hold a token, is not told to the other site then.
    """
    url: str = getattr(request.state, RETURN_TO, "")
    if url and "location" in answer.headers:
        answer.headers["location"] = url


def check_frontends(parts: Sequence["Part"], configured: WebSettings, *, development: bool) -> None:
    """Refuse to start where another site might use a form that is not open to everybody.

    Raises SettingsError for a form that is not there, that a link or a sign-in opens, or for an
    address that is not https.
    """
    forms = {form.key: form for part in parts for form in part.forms}
    live = {part.service for part in parts}
    chosen = [
        (configured.allowed_origins, "ALLOWED_ORIGINS"),
        (configured.return_urls, "RETURN_URLS"),
    ]
    for addresses, name in chosen:
        for key, urls in addresses.items():
            form = forms.get(key)
            if form is None and key.partition("/")[0] not in live:
                continue  # of a service that runs elsewhere
            if form is None or not is_open(form):
                message = f"EXPUNGE_{name}: {key} is no form that anybody may open"
                raise SettingsError(message)
            for url in urls:
                _check_address(name, url, development=development)


def is_open(form: Form) -> bool:
    """Say whether anybody may open a form: no link or sign-in is its authority."""
    return "{token}" not in form.action and not form.guard


def _check_address(name: str, url: str, *, development: bool) -> None:
    split = urlsplit(url)
    plain = not (split.username or split.password or split.fragment)
    if name == "ALLOWED_ORIGINS":
        plain = plain and url == f"{split.scheme}://{split.netloc}"
    secure = split.scheme == "https" or (development and split.scheme == "http")
    if not (plain and secure and split.netloc):
        message = f"EXPUNGE_{name}: {url} is not an https address as browsers send it"
        raise SettingsError(message)
