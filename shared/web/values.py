"""Fields that arrived, against the form's declaration: values, or the codes of what is wrong."""

import re
from collections.abc import Mapping

from shared.web.addresses import NotAnAddress, exact_address
from shared.web.form_ids import BadFormId, FormIds
from shared.web.forms import FORM_ID, HONEYPOT, Declaration, Field, Form, Kind, Values
from shared.web.language import Language
from shared.web.problems import FormRefused, UnknownField
from shared.web.wordings import Wording, Wordings

# What no keyboard types into one line: C0 and C1 controls, line and paragraph separators, blanks of
# no width, and marks that turn the direction of what follows. Joiners (U+200C, U+200D) and plain
# direction marks (U+200E, U+200F) belong to names in Persian, Hindi, Hebrew or Arabic and may stay.
HIDDEN_MARKS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]"
)
HIDDEN_MARKS_LONG = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]"
)
DIGEST = re.compile("[0-9a-f]{64}")
TICKED = "yes"


def read_values(
    form: Form,
    posted: Mapping[str, str],
    language: Language,
    wordings: Wordings,
    form_ids: FormIds,
    minimum_fill_seconds: float,
) -> Values:
    """Check everything that a form was sent with.

    Raises UnknownField for a field the form does not declare, and FormRefused with a code for each
    field that is wrong (status 409 if a wording changed since the page was opened).
    """
    own = {FORM_ID, HONEYPOT} if form.once else set()
    declared = {one.name for one in (*form.fields, *form.declarations)}
    if not posted.keys() <= declared | own:
        raise UnknownField
    codes: dict[str, str] = {}
    fields: dict[str, str] = {}
    for declaration in form.fields:
        value, code = check_field(declaration, posted.get(declaration.name, ""))
        if code:
            codes[declaration.name] = code
        elif value:
            fields[declaration.name] = value
    granted = _granted(form, posted, language, wordings, codes)
    form_id = posted.get(FORM_ID, "")
    if form.once and not codes:
        code = _haste(form, form_id, posted.get(HONEYPOT, ""), form_ids, minimum_fill_seconds)
        if code:
            codes[FORM_ID] = code
    if codes:
        changed = "wording-changed" in codes.values()
        raise FormRefused(
            form,
            posted,
            codes,
            status=409 if changed else 422,
            problem="wording-changed" if changed else "form-refused",
        )
    return Values(form, fields, granted, form_id)


def check_field(field: Field, typed: str) -> tuple[str, str]:
    """Return the value to store and an empty code, or the code of what is wrong with it."""
    text = typed.strip(" ") if field.kind is not Kind.LONG_TEXT else typed.strip()
    if not text:
        return "", "missing" if field.mandatory else ""
    if len(text) > field.max_length:
        return "", "too-long"
    if field.kind is Kind.EMAIL:
        try:
            return exact_address(text), ""
        except NotAnAddress:
            return "", "not-an-address"
    hidden = HIDDEN_MARKS_LONG if field.kind is Kind.LONG_TEXT else HIDDEN_MARKS
    if hidden.search(text):
        return "", "hidden-marks"
    if field.kind is Kind.CHOICE and text not in field.choices:
        return "", "not-a-choice"
    if field.kind is Kind.TICK and text != TICKED:
        return "", "not-a-choice"
    return text, ""


def _granted(
    form: Form,
    posted: Mapping[str, str],
    language: Language,
    wordings: Wordings,
    codes: dict[str, str],
) -> dict[str, Wording]:
    granted: dict[str, Wording] = {}
    for declaration in form.declarations:
        value = posted.get(declaration.name, "")
        wording = wordings.current(declaration.wording, language)
        if value == wording.sha256:
            granted[declaration.name] = wording
        elif code := _not_granted(declaration, value):
            codes[declaration.name] = code
    return granted


def _not_granted(declaration: Declaration, value: str) -> str:
    if not value:
        return "not-given" if declaration.mandatory or not declaration.box else ""
    return "wording-changed" if DIGEST.fullmatch(value) else "not-a-digest"


def _haste(
    form: Form, form_id: str, honeypot: str, form_ids: FormIds, minimum_fill_seconds: float
) -> str:
    if honeypot:
        return "honeypot"
    try:
        checked = form_ids.read(form.key, form_id)
    except BadFormId:
        return "no-form-id"
    if checked.expired:
        return "form-expired"
    return "too-fast" if checked.age_seconds < minimum_fill_seconds else ""
