"""Time: UTC inside, Europe/Berlin where the law counts days."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

BERLIN: Final = ZoneInfo("Europe/Berlin")
_MONTHS_A_YEAR: Final = 12


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime:
        """Give the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the present moment, aware, in UTC."""
        return datetime.now(UTC)


def berlin_day(moment: datetime) -> date:
    """Give the day on the calendar in Berlin."""
    return moment.astimezone(BERLIN).date()


def end_of_day(day: date) -> datetime:
    """Give the moment the day is over in Berlin, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), BERLIN).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """Give the same day number some months later, or that month's last day if it is shorter."""
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + months, _MONTHS_A_YEAR)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
