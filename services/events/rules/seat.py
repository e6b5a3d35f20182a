"""Seats: what a person registers with, which declarations they gave, what a form may combine."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from services.events.rules.ending import Attendance, Facts, SeatState
from services.events.rules.survey import Channel
from services.events.settings import MATERIAL, REGISTRATION, SURVEY
from shared.errors import Refused

# The closed list (R-EV-03): what R-ACC-01 names, and nothing else.
PERSON_FIELDS: Final = (
    "title",
    "first_name",
    "last_name",
    "email",
    "company",
    "department",
    "street",
    "postal_code",
    "city",
    "telephone",
)
POSTAL_FIELDS: Final = ("street", "postal_code", "city")
# Form field -> purpose.
DECLARED: Final = {"registration": REGISTRATION, "survey": SURVEY, "material": MATERIAL}


class NotOpen(Refused):
    """Registration for this gathering is over."""

    status = 409
    problem = "not-open"


class SurveyOver(Refused):
    """This survey is over, or it was answered already. Nothing more is needed."""

    status = 404
    problem = "survey-over"


@dataclass(frozen=True, slots=True)
class Declared:
    """One declaration as ticked: the exact wording. A consent only once the link is confirmed."""

    purpose: str
    wording: str
    wording_version: int
    wording_sha256: str


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody registers with: a copy of this slice's own (R-EV-01)."""

    email: str
    first_name: str
    last_name: str
    title: str | None = None
    company: str | None = None
    department: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    telephone: str | None = None

    @property
    def has_postal_address(self) -> bool:
        """Say whether something can be posted to this person."""
        return all((self.street, self.postal_code, self.city))


@dataclass(frozen=True, slots=True)
class Seat:
    """One registration. `blocks`: it counts among the gathering's taken seats."""

    subject_id: UUID
    gathering_id: UUID
    state: SeatState
    person: Person
    language: str
    form: str
    blocks: bool
    by_email: bool
    by_post: bool
    submitted_at: datetime
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None
    told_at: datetime | None = None
    answered_at: datetime | None = None
    attendance: Attendance = Attendance.UNKNOWN
    live: frozenset[str] = frozenset()  # purposes whose declaration is in force
    owed: int = 0
    sent_at: datetime | None = None
    changed_since: tuple[str, ...] = ()  # fields that the person's account has differently

    @property
    def facts(self) -> Facts:
        """Give what decides when this seat's data goes."""
        return Facts(
            state=self.state,
            submitted_at=self.submitted_at,
            cancelled_at=self.cancelled_at,
            told_at=self.told_at,
            attendance=self.attendance,
            survey=SURVEY in self.live,
            answered_at=self.answered_at,
            owed=self.owed,
            sent_at=self.sent_at,
        )

    @property
    def channels(self) -> frozenset[Channel]:
        """Give how reading material may come: none without its declaration in force (R-EV-07)."""
        if MATERIAL not in self.live:
            return frozenset()
        wanted = {Channel.EMAIL: self.by_email, Channel.POST: self.by_post}
        if not self.person.has_postal_address:
            wanted[Channel.POST] = False
        return frozenset(channel for channel, ticked in wanted.items() if ticked)


def faults(entries: Mapping[str, str], *, material: bool) -> dict[str, str]:
    """Name what does not go together in a registration, by field: code (R-EV-07).

    In: the fields that were filled in, and whether `event.material` was declared. Material needs a
    channel, a channel needs the declaration, and the post needs a whole postal address.
    """
    by_email, by_post = "by_email" in entries, "by_post" in entries
    if material and not (by_email or by_post):
        return {"by_email": "no-channel"}
    if not material and (by_email or by_post):
        return {"material": "not-declared"}
    if by_post:
        return {name: "needed-for-post" for name in POSTAL_FIELDS if name not in entries}
    return {}


PERSON_NAMES: Final = tuple(field.name for field in fields(Person))
