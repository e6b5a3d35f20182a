"""Answers to a request: pages, forms as pages, problems as pages or as RFC 9457 JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.errors import Refused
from shared.web.form_views import FormView, view_form
from shared.web.forms import FORM_ID, Form
from shared.web.frame import shown_on
from shared.web.guard import make_guard_token
from shared.web.headers import content_security_policy
from shared.web.language import language_of
from shared.web.origins import cors_headers
from shared.web.pages import page
from shared.web.parts import language, web_of
from shared.web.problems import FormRefused
from shared.web.questions import STALE, question_of

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = "30"
COME_BACK = {429, 503}
NO_GOOD = {"no-form-id", "form-expired"}
NOT_FOUND = 404


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render `<service>/<file>.html` in the language of the path.

    Templates get `lang`, `t(key, **parameters)`, `day`, `moment`, `controller` and the context.
    """
    frame = shown_on(request, status=status, form=context.get("form") is not None)
    html = web_of(request).pages.html(
        template, language_of(request), request.url.path, frame=frame, **context
    )
    answer = page(html, status)
    if frame is not None and frame.sources:
        answer.headers["Content-Security-Policy"] = content_security_policy(sources=frame.sources)
    return answer


def render_form(
    request: Request,
    form: Form,
    *,
    values: Mapping[str, str] | None = None,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """Render the page that holds a form, empty or with `values`: what its GET route answers."""
    view = view_of(request, form, values)
    return _form_page(request, view, status, **context)


def render_again(request: Request, refused: FormRefused) -> Response:
    """Render a form that comes back, filled as typed; a JSON client gets the codes only."""
    web, lang = web_of(request), language_of(request)
    view = view_of(request, refused.form, refused.typed, refused.codes)
    if wants_json(request):
        title = web.pages.texts["web"].get(lang, f"problems.{refused.problem}")
        errors = [
            {"field": name, "code": code, "detail": dict(view.summary).get(name, view.sentence)}
            for name, code in refused.codes.items()
        ]
        answer = problem_json(refused.problem, title, refused.status, errors=errors)
    else:
        answer = _form_page(request, view, refused.status)
    return _come_back(_for_frontend(request, answer))


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
            request,
            "web/problem.html",
            status=refused.status,
            title=texts.find(lang, f"titles.{refused.problem}", "problem_page.title"),
            sentence=sentence,
            # Whoever followed a link that is no longer good needs the form to begin anew.
            cards=web.cards(lang, service) if service and refused.status == NOT_FOUND else [],
            form=None,
        )
    return _come_back(_for_frontend(request, answer))


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


def _form_page(request: Request, view: FormView, status: int, **context: Any) -> HTMLResponse:
    """Render a form's page; configured frontends, and nobody else, may show it in a frame."""
    form = view.form
    answer = render(
        request, form.template, status=status, service=form.service, form=view, **context
    )
    allowed = web_of(request).configuration.allowed_origins.get(form.key)
    if allowed and form.once:
        answer.headers["Content-Security-Policy"] = content_security_policy(sorted(allowed))
    return answer


def _for_frontend(request: Request, answer: Response) -> Response:
    """Let the frontend that posted a form read what was wrong with it."""
    form: Form | None = getattr(request.state, "form", None)
    if form is not None:
        allowed = web_of(request).configuration.allowed_origins.get(form.key, ())
        answer.headers.update(cors_headers(request, allowed))
    return answer


def _come_back(answer: Response) -> Response:
    if answer.status_code in COME_BACK:
        answer.headers["Retry-After"] = RETRY_SECONDS
    return answer


def view_of(
    request: Request,
    form: Form,
    typed: Mapping[str, str] | None = None,
    codes: Mapping[str, str] | None = None,
) -> FormView:
    """Give a form as a page shows it, with `typed` in its fields and what `codes` say beside them.

    The form id that came is kept, so that sending again is the same act, unless it is no good.
    """
    web, typed, codes = web_of(request), typed or {}, codes or {}
    fresh = codes.get(FORM_ID) in NO_GOOD or not STALE.isdisjoint(codes.values())
    form_id = "" if fresh or not form.once else typed.get(FORM_ID, "")
    form_id = form_id or (web.form_ids.make(form.key) if form.once else "")
    return view_form(
        form,
        language(request),
        web.pages.texts[form.service],
        web.pages.wordings[form.service],
        path_parameters=request.path_params,
        form_id=form_id,
        typed=typed,
        codes=codes,
        csrf=make_guard_token(request, form.guard) if form.guard else "",
        question=question_of(web.form_ids, form_id) if form.question else None,
    )
