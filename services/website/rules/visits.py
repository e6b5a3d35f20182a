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

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Access:
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


ITEMS: Final = tuple(field.name for field in fields(Access) if field.name != "counted")
# What is counted about a day, without a visitor: kind and how to read it from an access.
COUNTED: Final = ("page", "download", "referrer", "country", "provider", "browser", "system")
NOT_KNOWN: Final = "-"


def counts_of(access: Access) -> list[tuple[date, str, str]]:
    """Give (day, kind, value) for the totals that an access adds to; none if it is not counted.

    A referrer counts as its host. Search terms are not counted: they can be a person's name.
    """
    if not access.counted or not (access.page or access.download):
        return []
    day = access.at.date()
    found = [
        (day, "page" if access.page else "download", access.url),
        (day, "country", access.country or NOT_KNOWN),
        (day, "provider", access.provider or NOT_KNOWN),
        (day, "browser", access.browser or NOT_KNOWN),
        (day, "system", access.system or NOT_KNOWN),
    ]
    if access.referrer:
        found.append((day, "referrer", access.referrer.partition("/")[0]))
    return found
