"""What a frontend of another site needs: one look at a form, and leave to post it (R-POL-08)."""

import re
from collections.abc import Awaitable, Callable, Mapping
from string import Formatter

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.errors import NotFound
from shared.parameters import duration
from shared.web.form_body import URLENCODED
from shared.web.form_ids import FORM_ID_SECONDS
from shared.web.form_views import DeclarationView, FieldView, FormView, view_form
from shared.web.forms import FORM_ID, Form, Kind
from shared.web.language import Language
from shared.web.origins import cors_headers
from shared.web.pages import STYLE, STYLE_PATH
from shared.web.parts import Part, web_of
from shared.web.questions import question_of
from shared.web.reading import JSON
from shared.web.returning import is_open
from shared.web.work import WORK, challenge

PREFLIGHT_SECONDS = "600"
ABOUT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def form_router(part: Part) -> APIRouter:
    """Build the descriptor route of a service's forms and the preflight answers."""
    router = APIRouter()
    forms = {form.name: form for form in part.forms}

    @router.get(f"/{{lang}}/{part.service}/forms/{{name}}")
    async def describe(request: Request, lang: Language, name: str) -> Response:
        if name not in forms:
            raise NotFound
        about = _about(request, forms[name])
        configured, key = web_of(request).configuration, forms[name].key
        allowed = configured.allowed_origins.get(key, ())
        view = _view(request, forms[name], lang, about)
        body = descriptor(view, lang)
        body["return_to"] = sorted(configured.return_urls.get(key, ()))
        body["work"] = _work(request, view)
        return JSONResponse(body, headers=cors_headers(request, allowed))

    for form in part.forms:
        router.add_api_route(form.action, _preflight(form), methods=["OPTIONS"])
    return router


def descriptor(view: FormView, language: Language) -> dict[str, object]:
    """Say everything a client must know to post a form: the same declaration the page is from."""
    once = view.form.once
    form_id = {"name": FORM_ID, "value": view.form_id, "seconds": FORM_ID_SECONDS}
    return {
        "form": view.form.name,
        "language": language,
        "action": view.action,
        "method": "POST",
        "content_types": [URLENCODED, JSON],
        "fields": [_field(one) for one in view.fields if one.field.kind is not Kind.HIDDEN],
        "declarations": [_declaration(one) for one in view.declarations],
        "form_id": form_id if once else None,
        "honeypot": view.honeypot if once else None,
    }


def _work(request: Request, view: FormView) -> dict[str, object] | None:
    """Give the challenge of a form with a question, and the name of the entry for its solution."""
    if view.form.question is None:
        return None
    return {"name": WORK, "challenge": challenge(web_of(request).form_ids, view.form_id)}


def _field(view: FieldView) -> dict[str, object]:
    asked = view.field.kind is Kind.QUESTION
    return {
        **({"seconds": round(duration("CAPTCHA_TTL").total_seconds())} if asked else {}),
        "name": view.field.name,
        "kind": view.field.kind,
        "label": view.label,
        "hint": view.hint,
        "mandatory": view.field.mandatory,
        "max_length": view.field.max_length,
        "autocomplete": view.field.autocomplete,
        "choices": [{"value": value, "label": label} for value, label in view.choices],
    }


def _declaration(view: DeclarationView) -> dict[str, object]:
    return {
        "name": view.declaration.name,
        "purpose": view.declaration.purpose,
        "mandatory": view.declaration.mandatory or not view.declaration.box,
        "shown_as": "box" if view.declaration.box else "beside-button",
        "wording": view.wording.id,
        "version": view.wording.version,
        "text": view.wording.text,
        "value": view.wording.sha256,
    }


def asset_router() -> APIRouter:
    """Build the style sheet's route; its name holds its digest, so it never changes."""
    router = APIRouter()

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return Response(status_code=204, headers={"Cache-Control": "public, max-age=86400"})

    @router.get(STYLE_PATH)
    async def style() -> Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(STYLE, media_type="text/css", headers=headers)

    return router


def _about(request: Request, form: Form) -> dict[str, str]:
    """Give what a form is about beside its fields, such as a gathering: the query names it.

    Raises NotFound where that is missing or no name, and for a form that is not open to everybody.
    """
    names = {name for _, name, _, _ in Formatter().parse(form.action) if name} - {"lang"}
    about = {name: request.query_params.get(name, "") for name in names}
    if not is_open(form) or not all(ABOUT.fullmatch(value) for value in about.values()):
        raise NotFound
    return about


def _view(request: Request, form: Form, language: Language, about: Mapping[str, str]) -> FormView:
    web = web_of(request)
    form_id = web.form_ids.make(form.key) if form.once else ""
    return view_form(
        form,
        language,
        web.pages.texts[form.service],
        web.pages.wordings[form.service],
        path_parameters={**request.path_params, **about},
        form_id=form_id,
        question=question_of(web.form_ids, form_id) if form.question else None,
    )


def _preflight(form: Form) -> Callable[[Request], Awaitable[Response]]:
    async def preflight(request: Request) -> Response:
        allowed = web_of(request).configuration.allowed_origins.get(form.key, ())
        headers = cors_headers(request, allowed)
        if "Access-Control-Allow-Origin" in headers:
            headers |= {
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "Content-Type",
                "Access-Control-Max-Age": PREFLIGHT_SECONDS,
            }
        return Response(status_code=204, headers=headers)

    return preflight
