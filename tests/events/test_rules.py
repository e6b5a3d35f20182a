"""Dates, plans, combinations of a form, the choice of material, and counts that may be shown."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.rules.ending import SeatState
from services.events.rules.gathering import (
    BadPlan,
    BadSlot,
    Gathering,
    InThePast,
    Kind,
    NoEnd,
    NotBegun,
    NotPlanned,
    Slot,
    State,
    may_change,
    may_conclude,
    plan,
    read_slots,
)
from services.events.rules.seat import Person, Seat, faults
from services.events.rules.survey import Channel, Reading, Sending, choose, shown
from services.events.settings import MATERIAL, REGISTRATION

NOW = datetime(2027, 1, 1, tzinfo=UTC)
NINE, FIVE = datetime(2027, 3, 1, 8, tzinfo=UTC), datetime(2027, 3, 1, 16, tzinfo=UTC)
TITLES = {"de": "Archiv im Alltag", "en": "Everyday archives"}
READINGS = (
    Reading("archive-guide", {"interest": ("archive",)}),
    Reading("first-steps", {"pace": ("too-fast",), "interest": ("contracts",)}),
)


def test_dates_are_read_in_berlin_time() -> None:
    assert read_slots(["2027-03-01 09:00 - 17:00", " ", "2027-07-01 09:00 bis 17:00"]) == (
        Slot(NINE, FIVE),
        Slot(datetime(2027, 7, 1, 7, tzinfo=UTC), datetime(2027, 7, 1, 15, tzinfo=UTC)),
    )


def test_a_date_may_end_on_another_day() -> None:
    (slot,) = read_slots(["2027-03-01 22:00 - 2027-03-02 01:00"])

    assert slot.ends_at - slot.starts_at == timedelta(hours=3)


@pytest.mark.parametrize(
    "line",
    [
        "tomorrow",
        "2027-02-30 09:00 - 17:00",
        "2027-03-28 02:30 - 05:00",
        "2027-03-01 25:00 - 26:00",
    ],
)
def test_what_is_no_hour_of_the_calendar_is_refused(line: str) -> None:
    with pytest.raises(BadSlot):
        read_slots([line])


@pytest.mark.rule("R-EV-09")
@pytest.mark.parametrize(
    "lines", [[], ["  "], ["2027-03-01 17:00 - 09:00"], ["2027-03-01 09:00 - 09:00"]]
)
def test_a_gathering_without_an_end_is_refused(lines: list[str]) -> None:
    with pytest.raises(NoEnd):
        read_slots(lines)
    with pytest.raises(NoEnd):
        plan("event", TITLES, "Bonn", 10, [], listed=True, now=NOW)


@pytest.mark.parametrize(
    ("kind", "titles", "place", "capacity"),
    [
        ("party", TITLES, "Bonn", 10),
        ("event", {"de": "Nur deutsch"}, "Bonn", 10),
        ("event", {**TITLES, "en": " "}, "Bonn", 10),
        ("event", TITLES, "", 10),
        ("event", TITLES, "Bonn", 0),
        ("event", TITLES, "Bonn", 100_001),
    ],
)
def test_half_a_plan_is_refused(
    kind: str, titles: dict[str, str], place: str, capacity: int
) -> None:
    with pytest.raises(BadPlan):
        plan(kind, titles, place, capacity, [Slot(NINE, FIVE)], listed=True, now=NOW)


@pytest.mark.parametrize("kind", Kind)
def test_all_three_kinds_can_be_planned(kind: Kind) -> None:
    made = plan(kind.value, TITLES, " Bonn ", 10, [Slot(NINE, FIVE)], listed=True, now=NOW)

    assert (made.kind, made.place) == (kind, "Bonn")


def test_what_has_begun_can_no_longer_be_planned() -> None:
    with pytest.raises(InThePast):
        plan("event", TITLES, "Bonn", 10, [Slot(NINE, FIVE)], listed=True, now=NINE)


def _gathering(state: State = State.PLANNED) -> Gathering:
    return Gathering(
        gathering_id=uuid4(),
        kind=Kind.WEBINAR,
        titles=TITLES,
        place="online",
        capacity=10,
        taken=0,
        listed=True,
        state=state,
        begins_at=NINE,
        ends_at=FIVE,
        over_at=None,
        slots=(Slot(NINE, FIVE),),
    )


def test_a_gathering_is_concluded_once_it_has_begun_and_only_once() -> None:
    may_conclude(_gathering(), NINE)
    with pytest.raises(NotBegun):
        may_conclude(_gathering(), NINE - timedelta(seconds=1))
    with pytest.raises(NotPlanned):
        may_conclude(_gathering(State.CONCLUDED), FIVE)
    with pytest.raises(NotPlanned):
        may_change(_gathering(State.CANCELLED))


def test_nobody_registers_once_it_has_begun_or_is_over() -> None:
    assert _gathering().is_open(NINE - timedelta(seconds=1))
    assert not _gathering().is_open(NINE)
    assert not _gathering(State.CANCELLED).is_open(NOW)


@pytest.mark.rule("R-EV-07")
def test_each_channel_needs_its_tick_and_the_post_an_address() -> None:
    address = {"street": "Weg 1", "postal_code": "12345", "city": "Bonn"}

    assert faults({}, material=False) == {}
    assert faults({}, material=True) == {"by_email": "no-channel"}
    assert faults({"by_email": "yes"}, material=True) == {}
    assert faults({"by_email": "yes"}, material=False) == {"material": "not-declared"}
    assert faults({"by_post": "yes", "city": "Bonn"}, material=True) == {
        "street": "needed-for-post",
        "postal_code": "needed-for-post",
    }
    assert faults({"by_post": "yes", **address}, material=True) == {}


def _seat(*live: str, street: str | None = "Weg 1") -> Seat:
    return Seat(
        subject_id=uuid4(),
        gathering_id=uuid4(),
        state=SeatState.BOOKED,
        person=Person("ada@example.org", "Ada", "L", street=street, postal_code="1", city="Bonn"),
        language="en",
        form="register",
        blocks=True,
        by_email=True,
        by_post=True,
        submitted_at=NOW,
        live=frozenset(live),
    )


@pytest.mark.rule("R-EV-07")
def test_no_channel_is_left_without_the_declaration_or_the_address() -> None:
    assert _seat(REGISTRATION, MATERIAL).channels == set(Channel)
    assert _seat(REGISTRATION).channels == frozenset()
    assert _seat(MATERIAL, street=None).channels == {Channel.EMAIL}


@pytest.mark.rule("R-EV-07", "R-EV-06")
def test_material_is_chosen_from_the_answers_for_each_ticked_channel() -> None:
    given_ = {"interest": "archive", "pace": "too-fast"}

    assert choose(given_, READINGS, {Channel.EMAIL}) == (
        Sending("archive-guide", Channel.EMAIL),
        Sending("first-steps", Channel.EMAIL),
    )
    assert len(choose(given_, READINGS, set(Channel))) == 4
    assert choose({"interest": "nothing"}, READINGS, set(Channel)) == ()
    assert choose(given_, READINGS, set()) == ()


@pytest.mark.rule("R-EV-08")
def test_small_counts_are_hidden_and_cannot_be_worked_out() -> None:
    assert shown({"good": 9, "fair": 7, "poor": 2}, 5) == {"good": 9, "fair": None, "poor": None}
    assert shown({"good": 9, "fair": 4, "poor": 2}, 5) == {"good": 9, "fair": None, "poor": None}
    assert shown({"good": 9, "fair": 5}, 5) == {"good": 9, "fair": 5}


@pytest.mark.rule("R-EV-08")
@given(
    counts=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 20)),
    least=st.integers(3, 10),
)
def test_no_shown_count_is_below_the_smallest(counts: dict[str, int], least: int) -> None:
    told = shown(counts, least)

    assert told.keys() == counts.keys()
    assert all(count is None or count == counts[answer] >= least for answer, count in told.items())
    assert list(told.values()).count(None) != 1 or len(told) == 1
