"""Lines of another server's access log in the combined format, read into the closed schema.

`%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`, as Apache and nginx write it. Three fields
may follow, in this order: the duration in seconds (`0.012`) or microseconds (`12000`), and a mark
`counted` or `uncounted` that the front makes from the cookie of the same name. Everything else of a
line (identity, user name, status, size, further fields) is read over and never leaves here.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from services.website.rules.addresses import read_address
from services.website.rules.agents import read_agent
from services.website.rules.places import HIDDEN, clean_path, clean_referrer, is_download, is_page
from services.website.rules.visits import Access

MAX_LINE_CHARS: Final = 16_384
UNCOUNTED: Final = "uncounted"
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_QUOTED: Final = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_LINE: Final = re.compile(
    r"(\S++) \S++ [^\[]*+\[([^\]]{20,32}+)\] "
    + _QUOTED
    + r" [0-9-]{1,4} [0-9-]+"
    + rf"(?: {_QUOTED} {_QUOTED})?"
    + r"(?: ([0-9]+(?:\.[0-9]+)?))?(?: (un)?counted\b)?"
)
_TIME: Final = re.compile(
    r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])(\d\d)(\d\d)"
)
_MILLISECONDS: Final = 1_000
_MAX_MILLISECONDS: Final = 86_400_000

Lookup = Callable[[str], str]  # address -> country or provider, empty where not known


def unknown(_address: str) -> str:
    """Know nothing about an address: the look-up where the operator gives no file."""
    return ""


def read_line(line: str, country: Lookup = unknown, provider: Lookup = unknown) -> Access | None:
    """Read one line; None if it is not of this format, or has no address or time.

    `country` and `provider` look an address up without asking anybody.
    """
    match = _LINE.match(line) if len(line) <= MAX_LINE_CHARS else None
    if match is None:
        return None
    host, time, request, referrer, agent, duration, mark = match.groups()
    address, at = address_of(host), read_time(time)
    if address is None or at is None:
        return None
    url, page, download = file_of(request)
    origin = clean_referrer(referrer or "")
    device = read_agent(agent or "")
    return Access(
        at=at,
        milliseconds=_read_duration(duration),
        address=address,
        country=country(address),
        provider=provider(address),
        url=url,
        referrer=origin.url,
        term=origin.term,
        browser=device.browser,
        system=device.system,
        page=page,
        download=download,
        counted=mark is None,
    )


@lru_cache(maxsize=65_536)
def address_of(host: str) -> str | None:
    """Read an address, remembering the answer: visitors ask for more than one file."""
    return read_address(host)


@lru_cache(maxsize=4_096)
def read_time(text: str) -> datetime | None:
    """Read `23/Nov/2026:09:15:00 +0100` as UTC; None if it is no time."""
    match = _TIME.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, _, year, hour, minute, second, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    try:
        local = datetime(
            int(year), _MONTHS[match[2]], int(day), int(hour), int(minute), int(second),
            tzinfo=timezone(offset),
        )  # fmt: skip
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=65_536)
def file_of(request: str) -> tuple[str, bool, bool]:
    """Give the cleaned path of `GET /path HTTP/1.1`, and whether it is a page, a download.

    What is no request line is `{}` and neither.
    """
    parts = request.split(" ")
    if len(parts) != 3 or not parts[0].isupper():  # noqa: PLR2004 - method, target, version
        return HIDDEN, False, False
    url = clean_path(parts[1])
    return url, url != HIDDEN and is_page(url), is_download(url)


def _read_duration(text: str | None) -> int | None:
    """Read a duration as milliseconds: seconds have a point, microseconds have none."""
    if text is None:
        return None
    value = float(text) * _MILLISECONDS if "." in text else int(text) / _MILLISECONDS
    return min(int(value), _MAX_MILLISECONDS)
