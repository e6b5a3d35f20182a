"""Tables about what was passed on: to whom, objections, and who must be told of the end."""

from typing import Final

from contracts.purposes import Basis
from shared.inventory.model import (
    Kind,
    NotPersonal,
    Personal,
    Root,
    Source,
    Table,
    UntilDone,
    WithSubject,
)
from shared.inventory.words import COUNT, ID, REQUEST, TIME, WORD

_RECIPIENT: Final = NotPersonal("a recipient's name in our register")

DISCLOSURE: Final = Table(
    name="disclosure",
    purpose="know what was passed on to whom, to say so and to tell them when it ends (Art. 19)",
    columns={
        "disclosure_id": ID,
        "subject_id": Root(),
        "recipient": _RECIPIENT,
        "purpose": WORD,
        "categories": NotPersonal("which kinds of data, without a value"),
        "basis": WORD,
        "reference": NotPersonal("a consent's id, a contract's or law's, or a weighing's"),
        "their_id": Personal("how the recipient knows the person", Source.DEVICE),
        "disclosed_at": TIME,
    },
    keep=WithSubject(),
    basis=Basis.LEGAL_OBLIGATION,
)
OBJECTION: Final = Table(
    name="objection",
    purpose="do nothing more for a purpose that the person objected to (Art. 21)",
    columns={"subject_id": Root(), "purpose": WORD, "raised_at": TIME},
    keep=WithSubject(),
)
TELLING: Final = Table(
    name="telling",
    purpose="tell recipients that it ended, and the person what they answered (Art. 19)",
    columns={
        "telling_id": ID,
        "request_id": REQUEST,
        "recipient": _RECIPIENT,
        "purpose": WORD,
        "their_id": Personal(
            "how the recipient knows the person, until it answered", Source.DEVICE
        ),
        "state": WORD,
        "reason": WORD,
        "disclosed_at": TIME,
        "told_at": TIME,
        "answered_at": TIME,
        "next_try_at": TIME,
        "tries": COUNT,
    },
    keep=UntilDone("the recipient has confirmed, or cannot"),
    basis=Basis.LEGAL_OBLIGATION,
    kind=Kind.ALIAS,
)
