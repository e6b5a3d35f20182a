"""Gatherings: webinars, events and trainings, with their dates, seats and state."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.clock import BERLIN
from shared.errors import Refused

MAX_SLOTS: Final = 30
LAST_YEAR: Final = 2199  # a year beyond is a slip of the keyboard, and would keep data till then
MAX_CAPACITY: Final = 100_000
MAX_TITLE_CHARS: Final = 150
MAX_PLACE_CHARS: Final = 200
_SLOT: Final = re.compile(
    r"(?P<on>\d{4}-\d{2}-\d{2})[ T](?P<start>\d{2}:\d{2})\s*(?:-|to|bis)\s*"
    r"(?:(?P<until>\d{4}-\d{2}-\d{2})[ T])?(?P<end>\d{2}:\d{2})"
)


class Kind(StrEnum):
    """The three kinds of gathering that the policy names."""

    WEBINAR = "webinar"
    EVENT = "event"
    TRAINING = "training"


class State(StrEnum):
    """Where a gathering is; the last two are final."""

    PLANNED = "planned"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Course:
    """What a gathering's dates and state are to its seats."""

    state: State
    ends_at: datetime
    over_at: datetime | None = None


class NoEnd(Refused):
    """A gathering needs a date, and each date an end after its start."""

    status = 422
    problem = "no-end"


class BadSlot(Refused):
    """Write each date once, on its own line, as in 2027-03-01 09:00 - 17:00, Berlin time."""

    status = 422
    problem = "bad-slot"


class InThePast(Refused):
    """All dates of a gathering lie ahead when it is entered or moved."""

    status = 422
    problem = "in-the-past"


class BadPlan(Refused):
    """A gathering needs a kind, a title in each language, a place and a number of seats."""

    status = 422
    problem = "bad-plan"


class NotPlanned(Refused):
    """This gathering was concluded or cancelled already."""

    status = 409
    problem = "not-planned"


class NotBegun(Refused):
    """A gathering is concluded once it has begun, not before. Before that, cancel it."""

    status = 409
    problem = "not-begun"


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One date of a gathering, UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A gathering as an organiser enters it; `titles` by language."""

    kind: Kind
    titles: Mapping[str, str]
    place: str
    capacity: int
    listed: bool
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Gathering:
    """A gathering as stored. `over_at`: when it was concluded or cancelled."""

    gathering_id: UUID
    kind: Kind
    titles: Mapping[str, str]
    place: str
    capacity: int
    taken: int
    listed: bool
    state: State
    begins_at: datetime
    ends_at: datetime
    over_at: datetime | None
    slots: tuple[Slot, ...]

    def title(self, language: str) -> str:
        """Give the title in a language."""
        return self.titles[language]

    @property
    def free(self) -> int:
        """Give how many seats are free."""
        return self.capacity - self.taken

    @property
    def course(self) -> Course:
        """Give what decides when the data of its seats goes."""
        return Course(self.state, self.ends_at, self.over_at)

    def is_open(self, now: datetime) -> bool:
        """Say whether people may still register: planned, and the first date lies ahead."""
        return self.state is State.PLANNED and now < self.begins_at


def read_slots(lines: Iterable[str]) -> tuple[Slot, ...]:
    """Read dates as organisers write them, in Berlin time, one a line.

    Raises BadSlot for what is not a date, an hour that the clocks skip, a year that nobody plans
    for or two dates that begin together, NoEnd for no date at all or an end that is not after its
    start (R-EV-09).
    """
    slots = tuple(sorted({_read_slot(line) for line in lines if line.strip()}))
    if not slots or any(slot.ends_at <= slot.starts_at for slot in slots):
        raise NoEnd
    if len(slots) > MAX_SLOTS or len({slot.starts_at for slot in slots}) < len(slots):
        raise BadSlot
    return slots


def _read_slot(line: str) -> Slot:
    match = _SLOT.fullmatch(line.strip())
    if match is None:
        raise BadSlot
    until = match["until"] or match["on"]
    return Slot(_berlin(match["on"], match["start"]), _berlin(until, match["end"]))


def _berlin(day: str, hour: str) -> datetime:
    try:
        local = datetime.fromisoformat(f"{day}T{hour}:00").replace(tzinfo=BERLIN)
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadSlot from None
    if local.year > LAST_YEAR:
        raise BadSlot
    if moment.astimezone(BERLIN).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise BadSlot  # between two and three in a night of March there is no such hour
    return moment


def plan(
    kind: str,
    titles: Mapping[str, str],
    place: str,
    capacity: int,
    slots: Sequence[Slot],
    *,
    listed: bool,
    now: datetime,
) -> Plan:
    """Make a plan of what an organiser entered. Raises BadPlan, NoEnd or InThePast."""
    if kind not in set(Kind) or not 0 < capacity <= MAX_CAPACITY:
        raise BadPlan
    if titles.keys() != {"de", "en"} or not 0 < len(place.strip()) <= MAX_PLACE_CHARS:
        raise BadPlan
    if any(not 0 < len(title.strip()) <= MAX_TITLE_CHARS for title in titles.values()):
        raise BadPlan
    if not all(text.isprintable() for text in (place, *titles.values())):
        raise BadPlan
    ahead(slots, now)
    cleaned = {language: title.strip() for language, title in titles.items()}
    return Plan(Kind(kind), cleaned, place.strip(), capacity, listed, tuple(sorted(slots)))


def ahead(slots: Sequence[Slot], now: datetime) -> tuple[Slot, ...]:
    """Give dates that a gathering may be planned for or moved to. Raises NoEnd or InThePast."""
    if not slots or any(slot.ends_at <= slot.starts_at for slot in slots):
        raise NoEnd
    if min(slot.starts_at for slot in slots) <= now:
        raise InThePast
    return tuple(sorted(slots))


def may_conclude(gathering: Gathering, now: datetime) -> None:
    """Say nothing if a gathering may be concluded now. Raises NotPlanned or NotBegun."""
    if gathering.state is not State.PLANNED:
        raise NotPlanned
    if now < gathering.begins_at:
        raise NotBegun


def may_change(gathering: Gathering) -> None:
    """Say nothing if a gathering may be moved or cancelled. Raises NotPlanned."""
    if gathering.state is not State.PLANNED:
        raise NotPlanned
