"""The two languages of every page, and how a request says which one it wants."""

from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from starlette.requests import HTTPConnection

# The company's offices keep Berlin time; pages say so beside every hour.
PAGE_ZONE = ZoneInfo("Europe/Berlin")


class Language(StrEnum):
    """A language that pages, mails and wordings exist in; the first part of every public path."""

    DE = "de"
    EN = "en"


NAMES = frozenset(language.value for language in Language)


def language_of(connection: HTTPConnection) -> Language:
    """Say which language a request's page is in: its path decides, else `Accept-Language`.

    English answers where neither names one of ours (RFC 9110 section 12.5.4 leaves that open).
    """
    first = connection.scope["path"].split("/", 2)[1] if connection.scope["path"] else ""
    if first in NAMES:
        return Language(first)
    for choice in connection.headers.get("accept-language", "").split(","):
        tag = choice.split(";")[0].strip().lower()[:2]
        if tag in NAMES:
            return Language(tag)
    return Language.EN


def day(value: date, language: Language) -> str:
    """Write a day as people of that language do: `23. November 2026`, `23 November 2026`."""
    return format_date(value, format="long", locale=_locale(language))


def moment(value: datetime, language: Language) -> str:
    """Write an aware time in the company's zone, with the zone's short name."""
    local = value.astimezone(PAGE_ZONE)
    text = format_datetime(local, format="long", locale=_locale(language), tzinfo=PAGE_ZONE)
    return str(text)


def span(start: datetime, end: datetime, language: Language) -> str:
    """Write when something begins and ends in the company's zone: day of the week, hours, zone."""
    first, last = start.astimezone(PAGE_ZONE), end.astimezone(PAGE_ZONE)
    same = first.date() == last.date()
    begins = _day_and_time(first, language, "HH:mm" if same else "HH:mm z")
    ends = (
        format_time(last, "HH:mm z", tzinfo=PAGE_ZONE, locale=_locale(language))
        if same
        else _day_and_time(last, language, "HH:mm z")
    )
    return f"{begins} {'bis' if language is Language.DE else 'to'} {ends}"


def _day_and_time(local: datetime, language: Language, pattern: str) -> str:
    locale = _locale(language)
    day = format_date(local.date(), format="full", locale=locale)
    return f"{day}, {format_time(local, pattern, tzinfo=PAGE_ZONE, locale=locale)}"


def _locale(language: Language) -> str:
    return "de_DE" if language is Language.DE else "en_GB"
