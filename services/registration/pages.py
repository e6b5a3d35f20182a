"""Small things that several pages show."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request

from shared.web import Form, language, web_of
from shared.web.form_views import FormView, view_form
from shared.web.guard import make_guard_token


def view(request: Request, form: Form, values: Mapping[str, str] | None = None) -> FormView:
    """Give a form as a page shows it that holds several, with what is stored now in its fields."""
    web = web_of(request)
    return view_form(
        form,
        language(request),
        web.pages.texts[form.service],
        web.pages.wordings[form.service],
        path_parameters=request.path_params,
        form_id="",
        typed=values,
        csrf=make_guard_token(request, form.guard) if form.guard else "",
    )


def hours_of(time: timedelta) -> int:
    """Give a length of time in whole hours, as pages and mails say it."""
    return round(time / timedelta(hours=1))


def minutes_of(time: timedelta) -> int:
    """Give a length of time in whole minutes."""
    return round(time / timedelta(minutes=1))
