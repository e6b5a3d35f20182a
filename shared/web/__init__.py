"""Public and internal pages of every service; README.md beside this file shows how to use it."""

from shared.web.apps import internal_app, public_app
from shared.web.forms import Declaration, Field, Form, Kind, Values
from shared.web.health import is_caught_up, require_caught_up
from shared.web.language import Language
from shared.web.pages import see_other
from shared.web.parts import Card, Part, language, transaction, web_of
from shared.web.problems import FormRefused
from shared.web.reading import read_form, read_json
from shared.web.rendering import render, render_form, render_problem, view_of
from shared.web.submit import submit
from shared.web.tokens import TokenState, find_token, new_token, reference, use_token

__all__ = [
    "Card",
    "Declaration",
    "Field",
    "Form",
    "FormRefused",
    "Kind",
    "Language",
    "Part",
    "TokenState",
    "Values",
    "find_token",
    "internal_app",
    "is_caught_up",
    "language",
    "new_token",
    "public_app",
    "read_form",
    "read_json",
    "reference",
    "render",
    "render_form",
    "render_problem",
    "require_caught_up",
    "see_other",
    "submit",
    "transaction",
    "use_token",
    "view_of",
    "web_of",
]
