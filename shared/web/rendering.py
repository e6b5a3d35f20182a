"""Answers to a request: pages, forms as pages, problems as pages or as RFC 9457 JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.errors import Refused
from shared.web.form_views import FormView, view_form
from shared.web.forms import FORM_ID, Form
from shared.web.language import language_of
from shared.web.pages import page
from shared.web.parts import Web, language, web_of
from shared.web.problems import FormRefused

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = "30"


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render `<service>/<file>.html` in the language of the path.

    Templates get `lang`, `t(key, **parameters)`, `day`, `moment`, `controller` and the context.
    """
    html = web_of(request).pages.html(template, language_of(request), request.url.path, **context)
    return page(html, status)


def render_form(
    request: Request,
    form: Form,
    *,
    values: Mapping[str, str] | None = None,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """Render the page that holds a form, empty or with `values`: what its GET route answers."""
    view = _view(web_of(request), request, form, typed=values)
    return render(request, form.template, status=status, service=form.service, form=view, **context)


def render_again(request: Request, refused: FormRefused, sentence: str = "") -> Response:
    """Render a form that comes back, filled as typed; a JSON client gets the codes only."""
    web, lang = web_of(request), language_of(request)
    view = _view(
        web, request, refused.form, typed=refused.typed, codes=refused.codes, sentence=sentence
    )
    if wants_json(request):
        title = web.pages.texts["web"].get(lang, f"problems.{refused.problem}")
        errors = [
            {"field": name, "code": code, "detail": dict(view.summary).get(name, view.sentence)}
            for name, code in refused.codes.items()
        ]
        return problem_json(refused.problem, title, refused.status, errors=errors)
    return render(
        request,
        refused.form.template,
        status=refused.status,
        service=refused.form.service,
        form=view,
    )


def render_problem(request: Request, refused: type[Refused], service: str = "") -> Response:
    """Render a refusal in the language of the path, as a page or as problem+json."""
    web, lang = web_of(request), language_of(request)
    texts = web.pages.texts[service if service in web.pages.texts else "web"]
    sentence = texts.find(lang, f"problems.{refused.problem}") or " ".join(
        (refused.__doc__ or "").split()
    )
    if wants_json(request):
        answer = problem_json(refused.problem, sentence, refused.status)
    else:
        answer = render(
            request, "web/problem.html", status=refused.status, sentence=sentence, form=None
        )
    if refused.status in {429, 503}:
        answer.headers["Retry-After"] = RETRY_SECONDS
    return answer


def problem_json(problem: str, title: str, status: int, **more: object) -> Response:
    """Build one problem document (RFC 9457); `type` is relative to our own origin."""
    body: Mapping[str, object] = {
        "type": f"/problems/{problem}",
        "title": title,
        "status": status,
        **more,
    }
    return Response(orjson.dumps(body), status, media_type=PROBLEM_JSON)


def wants_json(request: Request) -> bool:
    """Say whether the client is a program: it sent JSON, or accepts JSON and not pages."""
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        return True
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def _view(
    web: Web,
    request: Request,
    form: Form,
    *,
    typed: Mapping[str, str] | None = None,
    codes: Mapping[str, str] | None = None,
    sentence: str = "",
) -> FormView:
    """Keep the form id that came, so that sending again is the same act, unless it is no good."""
    typed, codes = typed or {}, codes or {}
    fresh = codes.get(FORM_ID) in {"no-form-id", "form-expired"}
    form_id = "" if fresh or not form.once else typed.get(FORM_ID, "")
    return view_form(
        form,
        language(request),
        web.pages.texts[form.service],
        web.pages.wordings[form.service],
        path_parameters=request.path_params,
        form_id=form_id or (web.form_ids.make(form.key) if form.once else ""),
        typed=typed,
        codes=codes,
        sentence=sentence,
    )
