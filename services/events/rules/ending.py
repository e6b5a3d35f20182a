"""When a seat's data is deleted: the policy's triggers as one pure function (R-EV-09).

Every seat has an ending from the moment its form arrives, whatever happens or fails to happen
afterwards: `ending` never answers "none". The clock holds each seat's ending as a deadline; what
changes a fact sets it anew.

(a) no survey declared: when the gathering is over; (b) survey declared, no answer: when the survey
closes; (c) answered, nothing to send: at the answer; (d) something to send: when it was handed
over, at the latest after `material_max`, then unsent; (e) cancelled by the person: at once; (f) not
there, waiting list never reached, attendance not noted: as (a); (g) cancelled by the organiser: as
over, once people were told; (h) several dates: the last one counts; (i) moved: the new dates count.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.vocabulary import Reason
from services.events.rules.gathering import Course, State
from services.events.settings import DELETE_WITHIN

NOTICE = DELETE_WITHIN / 2  # for the mail that says a gathering is cancelled


class SeatState(StrEnum):
    """Where a registration is."""

    PENDING = "pending"  # the mailed link was not confirmed yet
    WAITING = "waiting"  # confirmed, and no seat is free
    BOOKED = "booked"


class Attendance(StrEnum):
    """What is known about who was there."""

    UNKNOWN = "unknown"
    ATTENDED = "attended"
    ABSENT = "absent"


class Trigger(StrEnum):
    """What ends the purpose of a seat's data."""

    UNCONFIRMED = "unconfirmed"
    CANCELLED_BY_PERSON = "cancelled-by-person"
    CANCELLED_BY_ORGANISER = "cancelled-by-organiser"
    GATHERING_OVER = "gathering-over"
    SURVEY_CLOSED = "survey-closed"
    SURVEY_COMPLETED = "survey-completed"
    MATERIAL_SENT = "material-sent"
    MATERIAL_UNSENT = "material-unsent"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator set.

    `doi_ttl`: how long a mailed link may be confirmed. `conclude_within`: how long after the last
    date the organiser may note who was there, before the clock concludes. `survey_window`,
    `material_max`: how long answers, and then the reading material, are waited for.
    """

    doi_ttl: timedelta
    conclude_within: timedelta
    survey_window: timedelta
    material_max: timedelta


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides when a seat's data goes.

    `cancelled_at`: the person took the registration back. `told_at`: the mail about a cancelled
    gathering went out. `survey`: the declaration is in force. `owed`: deliveries of reading
    material that are chosen, consented to and not handed over. `sent_at`: the last handing over.
    """

    state: SeatState
    submitted_at: datetime
    cancelled_at: datetime | None = None
    told_at: datetime | None = None
    attendance: Attendance = Attendance.UNKNOWN
    survey: bool = False
    answered_at: datetime | None = None
    owed: int = 0
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """When a seat's data is to go, as far as is known now, and what ends it."""

    at: datetime
    trigger: Trigger

    @property
    def reason(self) -> Reason:
        """Give the receipt's reason."""
        return {
            Trigger.UNCONFIRMED: Reason.UNCONFIRMED,
            Trigger.CANCELLED_BY_PERSON: Reason.WITHDRAWN,
            Trigger.SURVEY_CLOSED: Reason.RETENTION_OVER,
            Trigger.MATERIAL_UNSENT: Reason.RETENTION_OVER,
        }.get(self.trigger, Reason.PURPOSE_ENDED)


def over_at(course: Course, limits: Limits) -> datetime:
    """When a gathering is over: as the organiser said, or at the latest by the clock alone."""
    return course.over_at or course.ends_at + limits.conclude_within


def closes_at(course: Course, limits: Limits) -> datetime:
    """When a gathering's survey is closed."""
    return over_at(course, limits) + limits.survey_window


def ending(facts: Facts, course: Course, limits: Limits) -> Ending:
    """Say when a seat's data goes and why; there is always an answer (R-EV-09)."""
    over = over_at(course, limits)
    if facts.cancelled_at is not None:
        return Ending(facts.cancelled_at, Trigger.CANCELLED_BY_PERSON)
    if facts.state is SeatState.PENDING:
        expires = facts.submitted_at + limits.doi_ttl
        return Ending(min(expires, over), Trigger.UNCONFIRMED)
    if course.state is State.CANCELLED:
        return Ending(facts.told_at or over + NOTICE, Trigger.CANCELLED_BY_ORGANISER)
    if facts.answered_at is not None:
        return _answered(facts, facts.answered_at, limits)
    if may_be_asked(facts):
        return Ending(closes_at(course, limits), Trigger.SURVEY_CLOSED)
    return Ending(over, Trigger.GATHERING_OVER)


def _answered(facts: Facts, answered_at: datetime, limits: Limits) -> Ending:
    if facts.owed:
        return Ending(answered_at + limits.material_max, Trigger.MATERIAL_UNSENT)
    if facts.sent_at is not None:
        return Ending(facts.sent_at, Trigger.MATERIAL_SENT)
    return Ending(answered_at, Trigger.SURVEY_COMPLETED)


def may_be_asked(facts: Facts) -> bool:
    """Say whether a person may be asked for an opinion once the gathering is over (R-EV-05).

    Only who was there, and only with the declaration; never on the strength of a seat alone.
    """
    return (
        facts.survey
        and facts.state is SeatState.BOOKED
        and facts.attendance is Attendance.ATTENDED
        and facts.cancelled_at is None
        and facts.answered_at is None
    )


def may_be_invited(
    facts: Facts, course: Course, limits: Limits, now: datetime, *, restricted: bool
) -> bool:
    """Say whether the survey's invitation may go now: asked just before it is sent (R-EV-12)."""
    return (
        course.state is State.CONCLUDED
        and may_be_asked(facts)
        and not restricted
        and now < closes_at(course, limits)
    )


def may_answer(facts: Facts, course: Course, limits: Limits, now: datetime) -> bool:
    """Say whether answers are still taken: the survey is open and was not answered."""
    return may_be_invited(facts, course, limits, now, restricted=False)
