"""When a check is due, when it is late: pure decisions on a clock that is given."""

from datetime import UTC, datetime, timedelta

import pytest

from services.erasure.store.checks import SCRUB, Last
from services.selfcheck import Plan, is_due, is_late

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
NIGHT = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)  # three o'clock in Berlin
NOON = datetime(2026, 6, 2, 10, 0, tzinfo=UTC)
NIGHTLY = Plan(SCRUB, ("scrub",), DAY, at_night=True)
HOURLY = Plan("overdue", ("retention",), HOUR)


def last(at: datetime, *, passed: bool = True) -> Last:
    return Last(SCRUB, at, passed, at if passed else None, {})


@pytest.mark.parametrize(
    ("plan", "before", "now", "due"),
    [
        (NIGHTLY, None, NOON, True),
        (NIGHTLY, last(NIGHT - DAY), NIGHT, True),
        (NIGHTLY, last(NIGHT - DAY + 2 * HOUR), NIGHT, True),  # early, so that no day is missed
        (NIGHTLY, last(NIGHT - HOUR), NIGHT, False),
        (NIGHTLY, last(NOON - DAY + HOUR), NOON, False),
        (NIGHTLY, last(NOON - DAY), NOON, True),  # by day rather than too late
        (NIGHTLY, last(NOON - 2 * HOUR, passed=False), NOON, True),
        (NIGHTLY, last(NOON - HOUR / 2, passed=False), NOON, False),
        (HOURLY, last(NOON - HOUR), NOON, True),
        (HOURLY, last(NOON - HOUR / 2), NOON, False),
    ],
)
def test_a_check_is_due_so_that_its_interval_holds(
    plan: Plan, before: Last | None, now: datetime, *, due: bool
) -> None:
    assert is_due(plan, before, now) is due


def test_what_did_not_pass_for_twice_its_interval_is_late() -> None:
    assert not is_late(last(NOON - 2 * DAY), NOON)
    assert is_late(last(NOON - 2 * DAY - HOUR), NOON)
    assert is_late(last(NOON, passed=False), NOON)
