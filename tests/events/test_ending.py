"""When a seat's data goes: the policy's triggers, and no state without an end (R-EV-09)."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Reason
from services.events.rules.ending import (
    NOTICE,
    Attendance,
    Facts,
    Limits,
    SeatState,
    Trigger,
    ending,
    may_answer,
    may_be_asked,
    may_be_invited,
    over_at,
)
from services.events.rules.gathering import Course, State
from services.events.settings import DELETE_WITHIN

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POSTED = datetime(2027, 3, 1, 12, tzinfo=UTC)
ENDS = POSTED + 10 * DAY
OVER = ENDS + 2 * HOUR
LIMITS = Limits(2 * DAY, DAY, 14 * DAY, 30 * DAY)
PLANNED = Course(State.PLANNED, ENDS)
CONCLUDED = Course(State.CONCLUDED, ENDS, OVER)
CANCELLED = Course(State.CANCELLED, ENDS, POSTED + DAY)
BOOKED = Facts(SeatState.BOOKED, POSTED)
THERE = replace(BOOKED, attendance=Attendance.ATTENDED)
ASKED = replace(THERE, survey=True)
ANSWERED = replace(ASKED, answered_at=OVER + DAY)


@pytest.mark.rule("R-EV-09")
@pytest.mark.parametrize(
    ("case", "facts", "course", "at", "trigger"),
    [
        ("a: no survey declared", THERE, CONCLUDED, OVER, Trigger.GATHERING_OVER),
        ("b: no answer", ASKED, CONCLUDED, OVER + LIMITS.survey_window, Trigger.SURVEY_CLOSED),
        ("c: nothing to send", ANSWERED, CONCLUDED, OVER + DAY, Trigger.SURVEY_COMPLETED),
        (
            "d: handed over",
            replace(ANSWERED, sent_at=OVER + 2 * DAY),
            CONCLUDED,
            OVER + 2 * DAY,
            Trigger.MATERIAL_SENT,
        ),
        (
            "d: never handed over",
            replace(ANSWERED, owed=1),
            CONCLUDED,
            OVER + DAY + LIMITS.material_max,
            Trigger.MATERIAL_UNSENT,
        ),
        (
            "d: one of two handed over",
            replace(ANSWERED, owed=1, sent_at=OVER + 2 * DAY),
            CONCLUDED,
            OVER + DAY + LIMITS.material_max,
            Trigger.MATERIAL_UNSENT,
        ),
        (
            "e: cancelled by the person",
            replace(ASKED, cancelled_at=POSTED + HOUR),
            PLANNED,
            POSTED + HOUR,
            Trigger.CANCELLED_BY_PERSON,
        ),
        (
            "f: not there",
            replace(ASKED, attendance=Attendance.ABSENT),
            CONCLUDED,
            OVER,
            Trigger.GATHERING_OVER,
        ),
        (
            "f: attendance not noted",
            replace(ASKED, attendance=Attendance.UNKNOWN),
            CONCLUDED,
            OVER,
            Trigger.GATHERING_OVER,
        ),
        (
            "f: waiting list never reached",
            Facts(SeatState.WAITING, POSTED, survey=True),
            CONCLUDED,
            OVER,
            Trigger.GATHERING_OVER,
        ),
        (
            "g: cancelled by the organiser, person not told yet",
            ASKED,
            CANCELLED,
            POSTED + DAY + NOTICE,
            Trigger.CANCELLED_BY_ORGANISER,
        ),
        (
            "g: cancelled by the organiser, person told",
            replace(ASKED, told_at=POSTED + DAY + HOUR),
            CANCELLED,
            POSTED + DAY + HOUR,
            Trigger.CANCELLED_BY_ORGANISER,
        ),
        (
            "nobody concludes: the clock does",
            THERE,
            PLANNED,
            ENDS + LIMITS.conclude_within,
            Trigger.GATHERING_OVER,
        ),
        (
            "i: moved",
            BOOKED,
            replace(PLANNED, ends_at=ENDS + 30 * DAY),
            ENDS + 30 * DAY + LIMITS.conclude_within,
            Trigger.GATHERING_OVER,
        ),
        (
            "not confirmed",
            Facts(SeatState.PENDING, POSTED),
            PLANNED,
            POSTED + LIMITS.doi_ttl,
            Trigger.UNCONFIRMED,
        ),
        (
            "not confirmed and over before",
            Facts(SeatState.PENDING, ENDS),
            CONCLUDED,
            OVER,
            Trigger.UNCONFIRMED,
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_each_trigger_of_the_policy_has_its_moment(
    case: str, facts: Facts, course: Course, at: datetime, trigger: Trigger
) -> None:
    del case

    found = ending(facts, course, LIMITS)

    assert (found.at, found.trigger) == (at, trigger)


@pytest.mark.rule("R-EV-09")
def test_people_are_told_of_a_cancelled_gathering_well_within_the_day() -> None:
    assert timedelta() < NOTICE < DELETE_WITHIN


@pytest.mark.rule("R-EV-09")
def test_a_receipt_says_why() -> None:
    reasons = {trigger: _reason(trigger) for trigger in Trigger}

    assert reasons[Trigger.UNCONFIRMED] is Reason.UNCONFIRMED
    assert reasons[Trigger.CANCELLED_BY_PERSON] is Reason.WITHDRAWN
    assert reasons[Trigger.SURVEY_CLOSED] is Reason.RETENTION_OVER
    assert reasons[Trigger.MATERIAL_UNSENT] is Reason.RETENTION_OVER
    assert set(reasons.values()) - {
        Reason.UNCONFIRMED,
        Reason.WITHDRAWN,
        Reason.RETENTION_OVER,
    } == {Reason.PURPOSE_ENDED}


def _reason(trigger: Trigger) -> Reason:
    return replace(ending(BOOKED, PLANNED, LIMITS), trigger=trigger).reason


@pytest.mark.rule("R-EV-05", "R-EV-09")
def test_only_who_was_there_and_agreed_is_asked_and_only_once_it_is_over() -> None:
    asked = {
        (facts, course.state)
        for facts, course in itertools.product(_combinations(), (PLANNED, CONCLUDED, CANCELLED))
        if may_be_invited(facts, course, LIMITS, OVER + HOUR, restricted=False)
    }

    assert asked
    assert all(
        facts.survey
        and facts.attendance is Attendance.ATTENDED
        and facts.state is SeatState.BOOKED
        and facts.cancelled_at is None
        and state is State.CONCLUDED
        for facts, state in asked
    )


@pytest.mark.rule("R-EV-12", "R-EV-09")
def test_nobody_is_asked_while_restricted_or_after_the_window() -> None:
    late = OVER + LIMITS.survey_window

    assert may_be_invited(ASKED, CONCLUDED, LIMITS, late - HOUR, restricted=False)
    assert not may_be_invited(ASKED, CONCLUDED, LIMITS, late - HOUR, restricted=True)
    assert not may_be_invited(ASKED, CONCLUDED, LIMITS, late, restricted=False)
    assert not may_answer(ANSWERED, CONCLUDED, LIMITS, OVER + 2 * DAY)


def _combinations() -> list[Facts]:
    """Give every combination that the policy's words can make, reachable or not."""
    return [
        Facts(state, POSTED, cancelled, told, attendance, survey, answered, owed, sent)
        for state, cancelled, told, attendance, survey, answered, owed, sent in itertools.product(
            SeatState,
            (None, POSTED + HOUR),
            (None, POSTED + 2 * DAY),
            Attendance,
            (False, True),
            (None, OVER + DAY),
            (0, 1, 2),
            (None, OVER + 2 * DAY),
        )
    ]


COURSES = (
    PLANNED,
    CONCLUDED,
    CANCELLED,
    replace(PLANNED, ends_at=ENDS + 40 * DAY),
    replace(CONCLUDED, over_at=POSTED + 9 * DAY),
)


def bound(facts: Facts, course: Course) -> datetime:
    """Give the latest moment that the policy and its parameters leave to any seat."""
    begun = max(over_at(course, LIMITS), facts.answered_at or POSTED, facts.sent_at or POSTED)
    return begun + LIMITS.survey_window + LIMITS.material_max


@pytest.mark.rule("R-EV-09")
@pytest.mark.parametrize("course", COURSES)
def test_every_combination_ends(course: Course) -> None:
    for facts in _combinations():
        assert ending(facts, course, LIMITS).at <= bound(facts, course)


class World:
    """One seat and its gathering, as people and organiser may change them; a clock beside it."""

    def __init__(self, *, survey: bool, material: bool) -> None:
        self.now = POSTED
        self.facts = Facts(SeatState.PENDING, POSTED)
        self.course = Course(State.PLANNED, ENDS)
        self.survey, self.material = survey, material

    @property
    def deleted(self) -> bool:
        return ending(self.facts, self.course, LIMITS).at <= self.now

    def act(self, act: str, wait: timedelta) -> None:
        """Let time pass, then do something, where the product allows it."""
        self.now += wait
        if not self.deleted:
            getattr(self, act)()

    def confirm(self) -> None:
        if self.facts.state is SeatState.PENDING:
            self.facts = replace(self.facts, state=SeatState.BOOKED, survey=self.survey)

    def confirm_when_full(self) -> None:
        if self.facts.state is SeatState.PENDING:
            self.facts = replace(self.facts, state=SeatState.WAITING, survey=self.survey)

    def move_up(self) -> None:
        if self.facts.state is SeatState.WAITING:
            self.facts = replace(self.facts, state=SeatState.BOOKED)

    def cancel(self) -> None:
        self.facts = replace(self.facts, cancelled_at=self.now)

    def withdraw_survey(self) -> None:
        self.survey = False
        self.facts = replace(self.facts, survey=False)

    def withdraw_material(self) -> None:
        self.material = False
        self.facts = replace(self.facts, owed=0)

    def note_attended(self) -> None:
        if self.facts.state is SeatState.BOOKED and self.course.state is State.PLANNED:
            self.facts = replace(self.facts, attendance=Attendance.ATTENDED)

    def note_absent(self) -> None:
        if self.facts.state is SeatState.BOOKED and self.course.state is State.PLANNED:
            self.facts = replace(self.facts, attendance=Attendance.ABSENT)

    def answer(self) -> None:
        if may_answer(self.facts, self.course, LIMITS, self.now):
            owed = 2 if self.material else 0
            self.facts = replace(self.facts, answered_at=self.now, owed=owed)

    def send(self) -> None:
        if self.facts.owed:
            owed = self.facts.owed - 1
            self.facts = replace(self.facts, owed=owed, sent_at=self.now)

    def conclude(self) -> None:
        if self.course.state is State.PLANNED:
            self.course = replace(self.course, state=State.CONCLUDED, over_at=self.now)

    def call_off(self) -> None:
        if self.course.state is State.PLANNED:
            self.course = replace(self.course, state=State.CANCELLED, over_at=self.now)

    def tell(self) -> None:
        if self.course.state is State.CANCELLED:
            self.facts = replace(self.facts, told_at=self.now)

    def move(self) -> None:
        if self.course.state is State.PLANNED:
            self.course = replace(self.course, ends_at=self.now + 5 * DAY)


# The longest way: without it, chance hardly ever comes to answers and material.
WAY = ("confirm", "note_attended", "conclude", "answer", "send", "send")
ACTS = [name for name in vars(World) if not name.startswith("_") and name not in {"act", "deleted"}]


STEPS = st.tuples(st.sampled_from(ACTS), st.integers(0, 96).map(lambda hours: hours * HOUR))
BEGUN = st.integers(0, len(WAY)).map(lambda steps: [(act, HOUR) for act in WAY[:steps]])


@pytest.mark.rule("R-EV-09")
@given(
    survey=st.booleans(),
    material=st.booleans(),
    begun=BEGUN,
    more=st.lists(STEPS, max_size=25),
)
def test_from_every_reachable_state_the_clock_alone_deletes(
    *,
    survey: bool,
    material: bool,
    begun: list[tuple[str, timedelta]],
    more: list[tuple[str, timedelta]],
) -> None:
    world = World(survey=survey, material=material)
    for act, wait in begun + more:
        world.act(act, wait)
    stopped = world.now

    if not world.deleted:  # nobody does anything any more
        end = ending(world.facts, world.course, LIMITS).at
        longest = max(LIMITS.doi_ttl, LIMITS.survey_window, LIMITS.material_max)
        assert end <= max(stopped, over_at(world.course, LIMITS)) + longest
        world.now = end

    assert world.deleted


@pytest.mark.rule("R-EV-09")
@given(begun=BEGUN, more=st.lists(STEPS, max_size=25))
def test_nothing_is_deleted_while_it_is_still_needed(
    begun: list[tuple[str, timedelta]], more: list[tuple[str, timedelta]]
) -> None:
    world = World(survey=True, material=True)
    for act, wait in begun + more:
        world.act(act, wait)
    facts, course = world.facts, world.course
    if facts.cancelled_at is not None or course.state is State.CANCELLED:
        return

    end = ending(facts, course, LIMITS)

    if facts.state is not SeatState.PENDING:
        assert end.at >= over_at(course, LIMITS)
    if may_be_asked(facts):
        assert end.at == over_at(course, LIMITS) + LIMITS.survey_window
    if facts.owed and facts.answered_at is not None:
        assert end.at == facts.answered_at + LIMITS.material_max
