"""What the contact form holds about people: every table and column, why, how long."""

from typing import Final

from contracts.vocabulary import Ground
from services.contact.settings import PURPOSE, SERVICE
from shared.inventory import (
    Basis,
    Hold,
    Inventory,
    NotPersonal,
    Personal,
    Root,
    Source,
    Table,
    UntilDone,
)

_TIME = NotPersonal("when something happened; says nothing without the row beside it")
_CLARIFIED = UntilDone(
    "the matter is clarified: closed, CLARIFY_WINDOW after our last answer, or taken back"
)

INQUIRY = Table(
    name="inquiry",
    purpose="assign what was asked to its answer",
    basis=Basis.CONSENT,
    serves=PURPOSE,
    keep=_CLARIFIED,
    columns={
        "subject_id": Root(),
        "reference": Personal("number that the person was given to quote", Source.SERVICE),
        "email": Personal("address that the answer goes to"),
        "company": Personal("company or organisation, if entered"),
        "telephone": Personal("telephone number, if entered"),
        "language": NotPersonal("de or en, chosen by the form's path"),
        "button": NotPersonal("the words on the button that was pressed"),
        "asked_at": _TIME,
        "answered_at": _TIME,
        "ended_at": NotPersonal("when handling stopped; the row is deleted within the hour"),
    },
)
LETTER = Table(
    name="letter",
    purpose="what was asked and answered: the one copy of each letter that we keep (R-CT-07)",
    basis=Basis.CONSENT,
    serves=PURPOSE,
    keep=_CLARIFIED,
    columns={
        "letter_id": NotPersonal("a random id of the row"),
        "subject_id": Root(),
        "from_us": NotPersonal("whether we wrote it"),
        "text": Personal("what was written, with whatever is said in it (P10)"),
        "written_at": _TIME,
        "sent_at": _TIME,
        "failed_at": _TIME,
    },
)

# Letters about business are kept by law for some years (§ 257 HGB, § 147 AO); closing asks.
LETTERS: Final = Hold(
    "letters",
    Ground.LEGAL_OBLIGATION,
    "hgb-257",
    keeps={
        "inquiry": ("reference", "email", "company", "telephone"),
        "letter": ("from_us", "text", "written_at"),
    },
)
INVENTORY = Inventory(SERVICE, (INQUIRY, LETTER), holds=(LETTERS,))
