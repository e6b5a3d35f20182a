"""The closed schema of an access: ten items of the policy, and no place for an eleventh (R-LOG-01).

| Item of the policy | Field |
|---|---|
| address of the computer | `address` |
| country | `country` |
| date and duration | `at`, `milliseconds` |
| name and URL of the file | `url` |
| where from | `referrer` |
| search term | `term` |
| browser, operating system | `browser`, `system` |
| access provider | `provider` |
| pages visited | `page` |
| files downloaded | `download` |
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple


class Access(NamedTuple):
    """One access. `at` is UTC; `country` ISO 3166 in two letters; empty means not known.

    `page` says that `url` is a page, `download` that it is a file that people take away.
    `counted` is no item: it says whether the visitor lets accesses be counted (R-LOG-08).
    """

    at: datetime
    milliseconds: int | None
    address: str
    country: str
    provider: str
    url: str
    referrer: str
    term: str
    browser: str
    system: str
    page: bool
    download: bool
    counted: bool = True


ITEMS: Final = Access._fields[:-1]
NOT_KNOWN: Final = "-"
Totals = Counter[tuple[date, str, str]]  # (day, kind, value), how often


def count_up(accesses: Iterable[Access]) -> Totals:
    """Sum accesses up by day: pages, downloads, and of these the other items without a visitor.

    Who objected is not counted. A referrer counts as its host. Search terms are not counted: they
    can be a person's name. Without a consent nothing else is kept for analysis (R-LOG-05).
    """
    seen = [(one.at.date(), one) for one in accesses if one.counted and (one.page or one.download)]
    found = Totals((day, "page" if one.page else "download", one.url) for day, one in seen)
    found.update((day, "country", one.country or NOT_KNOWN) for day, one in seen)
    found.update((day, "provider", one.provider or NOT_KNOWN) for day, one in seen)
    found.update((day, "browser", one.browser or NOT_KNOWN) for day, one in seen)
    found.update((day, "system", one.system or NOT_KNOWN) for day, one in seen)
    found.update(
        (day, "referrer", one.referrer.partition("/")[0]) for day, one in seen if one.referrer
    )
    return found
