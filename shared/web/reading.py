"""From a request to checked values: `read_form` for people, `read_json` for programs."""

from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from shared.web.form_body import parse_form
from shared.web.forms import Form, Values
from shared.web.guard import CSRF, check_guard_token
from shared.web.json_body import parse_json
from shared.web.origins import check_origin
from shared.web.parts import language, web_of
from shared.web.problems import WrongType, WrongValue
from shared.web.returning import take_return
from shared.web.values import Checks, read_values
from shared.web.work import weigh_work

JSON = "application/json"
M = TypeVar("M", bound=BaseModel)


async def read_form(request: Request, form: Form) -> Values:
    """Read what was posted to a form, as urlencoded, multipart or JSON.

    Checks, in this order: where it comes from, the flood limits, the encoding, every field.
    Raises FormRefused (the page comes back filled in) and other `Refused`; both are answered by
    the app. Optional fields left empty are not in the values.
    """
    web = web_of(request)
    request.state.form = form
    check_origin(request, web.settings, web.configuration.allowed_origins.get(form.key, ()))
    client = client_of(request)
    await web.limits.count_post(client)
    posted = await read_fields(request, form)
    if form.guard:
        check_guard_token(request, form.guard, posted.pop(CSRF, ""))
    take_return(request, form, posted, web.configuration)
    await weigh_work(request, form, posted, client)
    return read_values(
        form,
        posted,
        Checks(
            language(request),
            web.pages.wordings[form.service],
            web.form_ids,
            web.configuration.minimum_fill_seconds,
        ),
    )


async def read_fields(request: Request, form: Form) -> dict[str, str]:
    """Read a body as named strings. Raises WrongValue for JSON that is not that."""
    content_type = request.headers.get("content-type", "")
    body = await request.body()
    if not body and not content_type:
        return {}
    if not _is_json(content_type):
        return parse_form(content_type, body, form.files)
    value = parse_json(body)
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise WrongValue
    return value


async def read_json(request: Request, model: type[M]) -> M:
    """Read a JSON body into a model, strictly: no guessed types, no unknown keys.

    Raises WrongType without `application/json`, WrongValue if the model refuses, and what
    `parse_json` raises.
    """
    if not _is_json(request.headers.get("content-type", "")):
        raise WrongType
    value = parse_json(await request.body())
    try:
        return model.model_validate_json(orjson.dumps(value), strict=True, extra="forbid")
    except ValidationError:
        raise WrongValue from None


def client_of(request: Request) -> str:
    """Give the client's address: the peer, or what our own proxies appended last."""
    proxies = web_of(request).configuration.trusted_proxies
    if proxies:
        chain = request.headers.get("x-forwarded-for", "").split(",")
        return chain[-proxies].strip() if len(chain) >= proxies else "unknown"
    return request.client.host if request.client else "unknown"


def _is_json(content_type: str) -> bool:
    return content_type.split(";", maxsplit=1)[0].strip().lower() == JSON
