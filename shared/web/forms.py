"""Forms: one declaration, and from it the descriptor, the rendered page and what is accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from shared.web.wordings import Wording

MAX_FIELDS = 50
HONEYPOT = "homepage"
FORM_ID = "form_id"


class Kind(StrEnum):
    """What a field takes; decides the HTML control and the check."""

    TEXT = "text"
    LONG_TEXT = "long-text"
    EMAIL = "email"
    TELEPHONE = "telephone"
    CHOICE = "choice"
    TICK = "tick"
    PASSWORD = "password"  # noqa: S105 - a word of HTML
    HIDDEN = "hidden"
    QUESTION = "question"
    FILE = "file"


@dataclass(frozen=True)
class Field:
    """One input. `forms.<form>.<name>.label` and `.hint` of the service's texts name it.

    `autocomplete` is a token of the HTML standard (section 4.10.18.7). A TICK posts `yes` or
    nothing. A QUESTION is a sum that is asked anew with each page (`questions.py`); its form has
    `once=True`. `choices` are the values of a CHOICE; their labels are
    `forms.<form>.<name>.<choice>`. A FILE is the text in a file of UTF-8; its name is never read.
    Lengths are in characters.
    """

    name: str
    kind: Kind = Kind.TEXT
    mandatory: bool = False
    autocomplete: str = "off"
    max_length: int = 200
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """One consent that a form asks for: field name, wording id and purpose.

    `box=True` is an unticked box; `box=False` puts the wording beside the button and posting the
    form grants it (the field then travels hidden and is mandatory). The value posted is always the
    SHA-256 of the wording in force in the page's language.
    """

    name: str
    wording: str
    purpose: str
    mandatory: bool = False
    box: bool = True


@dataclass(frozen=True)
class Form:
    """A form of one service. `action` is the path it posts to, with `{lang}` and path parameters.

    `once=True` gives it a form id (double submits get the first answer again), a honeypot and a
    minimum fill time; turn it off for one-button pages whose link is the authority (RFC 8058).
    `guard` names the session cookie whose holder alone may post it (`guard.py`).
    `joined=True` for a form that only begins something new: its effects run together with others in
    one transaction (`shared/database/joining.py`), perhaps twice; they read nothing of anybody.
    `template` renders the page that holds the form, also when it comes back with errors.
    """

    name: str
    service: str
    action: str
    fields: tuple[Field, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    template: str = "web/form.html"
    once: bool = True
    guard: str = ""
    joined: bool = False

    @property
    def files(self) -> frozenset[str]:
        """Name the fields that take a file; without any, no file is taken."""
        return frozenset(one.name for one in self.fields if one.kind is Kind.FILE)

    @property
    def question(self) -> Field | None:
        """The field that asks a sum, if the form has one."""
        return next((one for one in self.fields if one.kind is Kind.QUESTION), None)

    @property
    def key(self) -> str:
        """Name the form across services: `newsletter/subscribe`."""
        return f"{self.service}/{self.name}"


@dataclass(frozen=True)
class Values:
    """What was posted and passed every check: declared fields only, empty optional ones left out.

    `granted` holds the wording in force for each declaration that was given, by field name.
    `form_id` is empty for forms with `once=False`.
    """

    form: Form
    fields: Mapping[str, str]
    granted: Mapping[str, Wording] = field(default_factory=lambda: MappingProxyType({}))
    form_id: str = ""

    def __getitem__(self, name: str) -> str:
        """Return the value of a mandatory field."""
        return self.fields[name]

    def get(self, name: str) -> str | None:
        """Return the value of an optional field, or None if it was left empty."""
        return self.fields.get(name)


def as_typed(values: Values) -> dict[str, str]:
    """Turn values back into what was typed, for a page that keeps it."""
    typed = dict(values.fields)
    typed |= {name: wording.sha256 for name, wording in values.granted.items()}
    return typed | ({FORM_ID: values.form_id} if values.form_id else {})
