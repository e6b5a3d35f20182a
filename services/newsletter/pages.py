"""Small things that the newsletter's pages show."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import Request

from services.newsletter.rules import Consent
from services.newsletter.settings import NewsletterSettings
from shared.web import Form, language, web_of
from shared.web.form_views import FormView, view_form
from shared.web.wordings import Wordings


def wording_text(wordings: Wordings, consent: Consent) -> str:
    """Give the exact text that was agreed to; empty if the operator took its file away."""
    return next((one.text for one in wordings.all if one.sha256 == consent.wording_sha256), "")


def filled(request: Request, form: Form, values: Mapping[str, str]) -> FormView:
    """Give a form as a page shows it, with what is stored now in its fields."""
    web = web_of(request)
    return view_form(
        form,
        language(request),
        web.pages.texts[form.service],
        web.pages.wordings[form.service],
        path_parameters=request.path_params,
        form_id="",
        typed=values,
    )


def hours_of(config: NewsletterSettings) -> int:
    """Give the confirmation window in whole hours, as pages and mails say it."""
    return round(config.doi_ttl / timedelta(hours=1))
