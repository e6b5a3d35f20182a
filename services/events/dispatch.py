"""The dispatch list: who gets a reading by post, handed to the provider through the gate (R-EV-07).

The provider learns name and address and nothing else: there is one list for each reading, so that
not even the choice stands beside a name. Each line is a disclosure, written down before it goes.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Final

from services.events.endings import settle_again
from services.events.rules.seat import Person
from services.events.rules.survey import Channel
from services.events.settings import MATERIAL
from services.events.store import surveys
from shared.database import Transaction
from shared.disclosure import Consented, NotDisclosed, Recipients, Transfer, disclose
from shared.web.wordings import Wordings

RECIPIENT: Final = "post"
CATEGORIES: Final = ("name", "postal-address")
HEAD: Final = ("name", "street", "postal_code", "city")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    """One letter's address: all that leaves the house."""

    name: str
    street: str
    postal_code: str
    city: str

    @classmethod
    def of(cls, person: Person) -> "Line":
        """Take from a person what an envelope needs."""
        names = (person.title, person.first_name, person.last_name)
        return cls(
            " ".join(name for name in names if name),
            person.street or "",
            person.postal_code or "",
            person.city or "",
        )


async def take_list(
    tx: Transaction, reading: str, recipients: Recipients, wordings: Wordings
) -> list[Line]:
    """Hand a reading's letters over: disclosed, noted as sent, and the seats' endings set.

    Whom the gate refuses (no consent that counts, an objection, a restriction) is left out and
    waits for the end of its time.
    """
    lines = []
    for subject_id, (consent_id, person) in (await surveys.take_for_post(tx, reading)).items():
        transfer = Transfer(RECIPIENT, MATERIAL, CATEGORIES, Consented(consent_id))
        try:
            await disclose(tx, subject_id, transfer, recipients, wordings)
        except NotDisclosed:
            continue  # the gate has logged it, without saying who
        await surveys.hand_over(tx, [subject_id], Channel.POST, [reading])
        await settle_again(tx, subject_id)
        lines.append(Line.of(person))
    return lines


def as_csv(lines: Sequence[Line]) -> str:
    """Write a list as CSV (RFC 4180); no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    writer.writerows([_inert(cell) for cell in astuple(line)] for line in lines)
    return out.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
