"""What a template and a descriptor show of a form: labels, values, sentences at the fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.web.forms import FORM_ID, HONEYPOT, Declaration, Field, Form, Kind
from shared.web.language import Language
from shared.web.questions import Question
from shared.web.texts import Texts
from shared.web.wordings import Wording, Wordings

INPUT_TYPES = {Kind.EMAIL: "email", Kind.TELEPHONE: "tel", Kind.PASSWORD: "password"}
UNSHOWN = frozenset({Kind.PASSWORD, Kind.FILE})  # no page gives them back


@dataclass(frozen=True)
class FieldView:
    """One field as shown: `error` is empty where nothing is wrong."""

    field: Field
    label: str
    hint: str
    value: str
    error: str
    choices: tuple[tuple[str, str], ...]

    @property
    def input_type(self) -> str:
        """Give the HTML input type."""
        return INPUT_TYPES.get(self.field.kind, "text")


@dataclass(frozen=True)
class DeclarationView:
    """One consent as shown, with the exact wording; `ticked` only if the person ticked it."""

    declaration: Declaration
    wording: Wording
    ticked: bool
    error: str


@dataclass(frozen=True)
class FormView:
    """A form as shown. `summary` lists (field name, sentence); name `form_id` is the whole form."""

    form: Form
    action: str
    form_id: str
    fields: tuple[FieldView, ...]
    declarations: tuple[DeclarationView, ...]
    summary: tuple[tuple[str, str], ...]
    honeypot: str = HONEYPOT
    sentence: str = ""
    csrf: str = ""

    @property
    def marked(self) -> bool:
        """Say whether any field is mandatory, so that the page explains the asterisk."""
        return any(
            one.field.mandatory and one.field.kind != Kind.HIDDEN for one in self.fields
        ) or any(one.declaration.mandatory and one.declaration.box for one in self.declarations)

    @property
    def failed(self) -> bool:
        """Say whether the page shows something that went wrong."""
        return bool(self.summary or self.sentence)


def view_form(
    form: Form,
    language: Language,
    texts: Texts,
    wordings: Wordings,
    *,
    path_parameters: Mapping[str, Any],
    form_id: str,
    typed: Mapping[str, str] | None = None,
    codes: Mapping[str, str] | None = None,
    csrf: str = "",
    question: Question | None = None,
) -> FormView:
    """Put together what is shown. `typed` and `codes` are by field name; a password never is."""
    typed, codes = typed or {}, codes or {}
    errors = {name: _error(form, name, code, language, texts) for name, code in codes.items()}
    declarations = tuple(
        DeclarationView(
            declaration=one,
            wording=(wording := wordings.current(one.wording, language)),
            ticked=typed.get(one.name, "") == wording.sha256,
            error=errors.get(one.name, ""),
        )
        for one in form.declarations
    )
    return FormView(
        form=form,
        action=form.action.format(**{**path_parameters, "lang": language}),
        form_id=form_id,
        fields=tuple(
            _field(form, one, language, texts, typed.get(one.name, ""), errors.get(one.name, ""))
            if one.kind is not Kind.QUESTION or question is None
            else _asked(one, question, language, texts, errors.get(one.name, ""))
            for one in form.fields
        ),
        declarations=declarations,
        summary=tuple((name, text) for name, text in errors.items() if name != FORM_ID),
        sentence=errors.get(FORM_ID, ""),
        csrf=csrf,
    )


def _field(  # noqa: PLR0917 - what is shown of one field
    form: Form, field: Field, language: Language, texts: Texts, value: str, error: str
) -> FieldView:
    key = f"forms.{form.name}.{field.name}"
    hidden = field.kind is Kind.HIDDEN
    return FieldView(
        field=field,
        label="" if hidden else texts.get(language, f"{key}.label"),
        hint=texts.find(language, f"{key}.hint"),
        value="" if field.kind in UNSHOWN else value,
        error=error,
        choices=tuple((one, texts.get(language, f"{key}.{one}")) for one in field.choices),
    )


def _asked(
    field: Field, question: Question, language: Language, texts: Texts, error: str
) -> FieldView:
    """Show a sum as words; what was typed never comes back, since it may be the answer."""
    label = texts.get(language, "question", first=question.first, second=question.second)
    return FieldView(
        field=field,
        label=label,
        hint=texts.get(language, "question_hint"),
        value="",
        error=error,
        choices=(),
    )


def _error(form: Form, name: str, code: str, language: Language, texts: Texts) -> str:
    own = texts.find(language, f"forms.{form.name}.{name}.{code}")
    return own or texts.get(language, f"fields.{code}")
