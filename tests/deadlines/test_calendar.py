"""The month of Art. 12(3), by Regulation 1182/71."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import add_months
from shared.deadlines import answer_period, next_working_day
from shared.deadlines.calendar import easter_sunday, holidays

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.rule("R-DL-01")
@pytest.mark.parametrize(
    ("received_at", "raw_on", "legal_on", "extended_on"),
    [
        (datetime(2026, 1, 31, 12, tzinfo=BERLIN), "2026-02-28", "2026-03-02", "2026-04-30"),
        (datetime(2026, 3, 5, 12, tzinfo=BERLIN), "2026-04-05", "2026-04-07", "2026-06-05"),
        (datetime(2026, 8, 31, 12, tzinfo=BERLIN), "2026-09-30", "2026-09-30", "2026-11-30"),
        (datetime(2026, 3, 31, 22, 30, tzinfo=UTC), "2026-05-01", "2026-05-04", "2026-07-01"),
        (datetime(2028, 1, 31, 0, 0, tzinfo=BERLIN), "2028-02-29", "2028-02-29", "2028-05-02"),
    ],
)
def test_the_month_ends_where_the_law_says(
    received_at: datetime, raw_on: str, legal_on: str, extended_on: str
) -> None:
    period = answer_period(received_at)
    extended = answer_period(received_at, extended=True)

    assert (str(period.raw_on), str(period.legal_on)) == (raw_on, legal_on)
    assert str(extended.legal_on) == extended_on


@pytest.mark.rule("R-DL-01")
def test_we_work_towards_the_end_of_the_raw_day_in_berlin() -> None:
    winter = answer_period(datetime(2026, 1, 5, 9, tzinfo=UTC))
    summer = answer_period(datetime(2026, 3, 5, 9, tzinfo=UTC))

    assert winter.due_at == datetime(2026, 2, 5, 23, tzinfo=UTC)
    assert summer.due_at == datetime(2026, 4, 5, 22, tzinfo=UTC)


def test_easter_is_where_it_was() -> None:
    known = [
        date(2000, 4, 23),
        date(2008, 3, 23),
        date(2011, 4, 24),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),
        date(2049, 4, 18),
        date(1954, 4, 18),
        date(1981, 4, 19),
    ]

    assert [easter_sunday(day.year) for day in known] == known


def test_holidays_are_those_of_north_rhine_westphalia() -> None:
    assert sorted(holidays(2026)) == [
        date(2026, 1, 1),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 6, 4),
        date(2026, 10, 3),
        date(2026, 11, 1),
        date(2026, 12, 25),
        date(2026, 12, 26),
    ]


@settings(deadline=None)
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 36))
def test_a_month_keeps_its_day_or_its_end(day: date, months: int) -> None:
    later = add_months(day, months)

    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and add_one(later).day == 1)


def add_one(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


@settings(deadline=None)
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_working_day_is_soon(day: date) -> None:
    working = next_working_day(day)

    assert 0 <= (working - day).days <= 5
    assert working.weekday() < 5
    assert working not in holidays(working.year)
