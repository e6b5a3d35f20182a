"""What the contact form decides, without I/O: clock and limits are arguments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.clock import berlin_day, end_of_day
from shared.errors import Refused

LETTER_YEARS: Final = 6  # § 257(4) HGB, § 147(3) AO for letters: from the end of their year
MAX_LETTER: Final = 5000
NO_DUTY: Final = "none"


class CaseOver(Refused):
    """This case was closed, taken back or restricted: nothing can be written to it."""

    status = 409
    problem = "case-over"


class State(StrEnum):
    """Where a case is; a clarified one is deleted within the hour (R-CT-06)."""

    OPEN = "open"
    ANSWERED = "answered"
    CLARIFIED = "clarified"


class Duty(StrEnum):
    """What a law says about a closed case's letters; `reference` of the hold it makes."""

    NONE = "none"
    COMMERCIAL = "hgb-257"
    TAX = "ao-147-3"


@dataclass(frozen=True, slots=True)
class Case:
    """One inquiry. `asked_at`: the person's last letter; `answered_at`: none while it is open."""

    subject_id: UUID
    reference: str
    email: str
    company: str | None
    telephone: str | None
    language: str
    button: str
    asked_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None

    @property
    def state(self) -> State:
        """Say where the case is."""
        if self.ended_at is not None:
            return State.CLARIFIED
        return State.OPEN if self.answered_at is None else State.ANSWERED


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of a case, the person's or ours."""

    letter_id: UUID
    from_us: bool
    text: str
    written_at: datetime
    sent_at: datetime | None
    failed_at: datetime | None


def waits(case: Case, now: datetime) -> timedelta:
    """Say how long an open case waits for our answer; nothing for any other."""
    return now - case.asked_at if case.state is State.OPEN else timedelta(0)


def is_late(case: Case, now: datetime, within: timedelta) -> bool:
    """Say whether an open case waits longer than it may: it is shown, and never just goes."""
    return waits(case, now) >= within and case.state is State.OPEN


def silent_at(answered_at: datetime, window: timedelta) -> datetime:
    """Say when silence after our answer means that the matter is clarified (CLARIFY_WINDOW)."""
    return answered_at + window


def kept_until(letters: Sequence[Letter]) -> datetime:
    """Say until when a law keeps letters (UTC): to the end of the sixth year after the last one's.

    Their own year counts, not that of closing (§ 257(5) HGB, § 147(4) AO). A letter of ours that
    never left was not sent, so it counts for nothing; what the person wrote did arrive.
    """
    exchanged = [one for one in letters if not one.from_us or one.sent_at is not None]
    last = max(berlin_day(one.sent_at or one.written_at) for one in exchanged)
    return end_of_day(date(last.year + LETTER_YEARS, 12, 31))
