"""The month of Art. 12(3) GDPR, counted by Regulation (EEC, Euratom) 1182/71.

A period in months ends with the day that has the number of the day of receipt, or with the last
day of a month that lacks it (Art. 3(2)(c)); if that is a Saturday, a Sunday or a public holiday,
with the next working day (Art. 3(4)). Holidays are those of North Rhine-Westphalia. The product
works towards the raw day; the legal one is shown beside it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from shared.clock import add_months, berlin_day, end_of_day

MONTHS: Final = 1  # Art. 12(3) sentence 1
EXTENDED_MONTHS: Final = 3  # two further months, sentence 2
_SATURDAY: Final = 5
_FIXED: Final = ((1, 1), (5, 1), (10, 3), (11, 1), (12, 25), (12, 26))
# Good Friday, Easter Monday, Ascension, Whit Monday, Corpus Christi: days from Easter Sunday.
_BY_EASTER: Final = (-2, 1, 39, 50, 60)


@dataclass(frozen=True, slots=True)
class Period:
    """When an answer is due: the day we hold ourselves to, the legal last day, and the moment."""

    raw_on: date
    legal_on: date

    @property
    def due_at(self) -> datetime:
        """The end of the raw day in Berlin, in UTC."""
        return end_of_day(self.raw_on)


def answer_period(received_at: datetime, *, extended: bool = False) -> Period:
    """Count the period from the receipt (aware time), extended by a reasoned notice or not."""
    raw_on = add_months(berlin_day(received_at), EXTENDED_MONTHS if extended else MONTHS)
    return Period(raw_on, next_working_day(raw_on))


def next_working_day(day: date) -> date:
    """Give the day itself if people work on it, else the next on which they do."""
    while day.weekday() >= _SATURDAY or day in holidays(day.year):
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """Public holidays of North Rhine-Westphalia (Feiertagsgesetz NW § 2)."""
    easter = easter_sunday(year)
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {easter + timedelta(days=days) for days in _BY_EASTER})


def easter_sunday(year: int) -> date:
    """Compute Easter in the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leaps, century_rest = divmod(century, 4)
    drift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - drift + 15) % 30
    fours, four_rest = divmod(rest, 4)
    weekday = (32 + 2 * century_rest + 2 * fours - epact - four_rest) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
