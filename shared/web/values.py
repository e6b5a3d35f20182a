"""Fields that arrived, against the form's declaration: values, or what is wrong (R-POL-09)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.web.addresses import NotAnAddress, exact_address
from shared.web.form_ids import BadFormId, FormIds
from shared.web.forms import FORM_ID, HONEYPOT, Declaration, Field, Form, Kind, Values
from shared.web.language import Language
from shared.web.problems import FormRefused, UnknownField
from shared.web.questions import WRONG, question_of
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
LONG = frozenset({Kind.LONG_TEXT, Kind.FILE})
TICKED = "yes"


@dataclass(frozen=True)
class Checks:
    """What entries are checked against besides the form itself."""

    language: Language
    wordings: Wordings
    form_ids: FormIds
    minimum_fill_seconds: float


def read_values(form: Form, posted: Mapping[str, str], checks: Checks) -> Values:
    """Check everything that a form was sent with.

    Raises UnknownField for a field the form does not declare, and FormRefused with a code for each
    field that is wrong (status 409 if a wording changed since the page was opened).
    """
    own = {FORM_ID, HONEYPOT} if form.once else set()
    declared = {field.name for field in form.fields} | {one.name for one in form.declarations}
    if not posted.keys() <= declared | own:
        raise UnknownField
    codes: dict[str, str] = {}
    fields: dict[str, str] = {}
    for field in form.fields:
        value, code = check_field(field, posted.get(field.name, ""))
        if field.kind is Kind.QUESTION:
            code = code or _sum(form, posted, value, checks)
            value = ""  # an answer is checked and kept nowhere
        if code:
            codes[field.name] = code
        elif value:
            fields[field.name] = value
    granted = _granted(form, posted, checks, codes)
    if form.once and not codes and (code := _haste(form, posted, checks)):
        codes[FORM_ID] = code
    if "wording-changed" in codes.values():
        raise FormRefused(form, posted, codes, status=409, problem="wording-changed")
    if codes:
        raise FormRefused(form, posted, codes)
    return Values(form, fields, granted, posted.get(FORM_ID, ""))


def check_field(field: Field, typed: str) -> tuple[str, str]:
    """Return the value to store and an empty code, or the code of what is wrong with it."""
    text = typed.strip() if field.kind in LONG else typed.strip(" ")
    if not text:
        return "", "missing" if field.mandatory else ""
    if field.kind is Kind.EMAIL and len(text) <= field.max_length:
        try:
            return exact_address(text), ""
        except NotAnAddress:
            return "", "not-an-address"
    code = _wrong(field, text)
    return ("", code) if code else (text, "")


def _wrong(field: Field, text: str) -> str:
    """Name what is wrong with a text that is not empty; empty if nothing is."""
    if len(text) > field.max_length:
        return "too-long"
    if (HIDDEN_MARKS_LONG if field.kind in LONG else HIDDEN_MARKS).search(text):
        return "hidden-marks"
    offered = {Kind.CHOICE: field.choices, Kind.TICK: (TICKED,)}.get(field.kind)
    return "" if offered is None or text in offered else "not-a-choice"


def _granted(
    form: Form, posted: Mapping[str, str], checks: Checks, codes: dict[str, str]
) -> dict[str, Wording]:
    granted: dict[str, Wording] = {}
    for declaration in form.declarations:
        value = posted.get(declaration.name, "")
        wording = checks.wordings.current(declaration.wording, checks.language)
        if value == wording.sha256:
            granted[declaration.name] = wording
        elif code := _not_granted(declaration, value):
            codes[declaration.name] = code
    return granted


def _not_granted(declaration: Declaration, value: str) -> str:
    if not value:
        return "not-given" if declaration.mandatory or not declaration.box else ""
    return "wording-changed" if DIGEST.fullmatch(value) else "not-a-digest"


def _sum(form: Form, posted: Mapping[str, str], typed: str, checks: Checks) -> str:
    """Name what is wrong with the answer to a form's question; without an id of ours nothing."""
    try:
        form_id = checks.form_ids.read(form.key, posted.get(FORM_ID, ""))
    except BadFormId:
        return ""  # `_haste` says it
    return "" if question_of(checks.form_ids, form_id.text).accepts(typed) else WRONG


def _haste(form: Form, posted: Mapping[str, str], checks: Checks) -> str:
    """Name what speaks against a person at a page of ours; empty if nothing does."""
    if posted.get(HONEYPOT):
        return "honeypot"
    try:
        form_id = checks.form_ids.read(form.key, posted.get(FORM_ID, ""))
    except BadFormId:
        return "no-form-id"
    if form_id.expired:
        return "form-expired"
    return "too-fast" if form_id.age_seconds < checks.minimum_fill_seconds else ""
