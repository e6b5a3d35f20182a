"""Trackers as data, and the one decision about them: which may load on this page, now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, NonNegativeInt, StringConstraints

from services.website.rules.addresses import cut
from services.website.rules.choices import Visitor

GOOGLE: Final = "google-analytics"
PERSONALISE: Final = "web.personalise"
DOCUMENTS: Final = "documents"  # of a cookie: our host, or the domain on which documents are opened
OWN: Final = frozenset({"own", DOCUMENTS})
_Url = Annotated[str, StringConstraints(pattern=r"^https://[^\s\"'<>]+$")]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Read):
    """What people are told of a tracker in one language."""

    data: str
    deletion: str


class Tracker(_Read):
    """One tracker; the register's file says what each field means."""

    purpose: str
    further: tuple[str, ...] = ()
    script: str | None = None
    pixel: _Url | None = None
    client: str | None = None
    cookies: tuple[str, ...] = ()
    wakes: str | None = None
    opt_out: _Url
    plug_in: _Url | None = None
    flags: tuple[Literal["anonymize-ip", "suppress-text"], ...] = ()
    sources: Mapping[str, tuple[str, ...]]
    de: Words
    en: Words

    @property
    def purposes(self) -> tuple[str, ...]:
        """Give every grant that it has a use for."""
        return (self.purpose, *self.further)


class Cookie(_Read):
    """One line of the cookie register; `name` may end with `*`.

    `days`: 0 until the browser is closed; none: no end of its own, so until it is deleted.
    """

    name: str
    host: str
    category: Literal["necessary", "function", "analysis", "advertising"]
    provider: str
    days: NonNegativeInt | None = None
    en: str
    de: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is answered: the template of its route, and what the browser came with."""

    route: str
    status: int
    form: bool
    parameters: Collection[str] = ()
    cookies: Collection[str] = ()


OK: Final = 200


def may_track(place: Place, tracked: Collection[str]) -> bool:
    """Say whether a page may have trackers at all, whatever was granted.

    Never with a form to fill in, on an error, or where the path holds more than the language: it
    would hand over somebody's entries or link.
    """
    path = place.route.replace("{lang}", "")
    return place.route in tracked and place.status == OK and not place.form and "{" not in path


def may_load(name: str, tracker: Tracker, visitor: Visitor, place: Place) -> bool:
    """Say whether one tracker may load: its own grant, its opt-out, and whether it is awake."""
    if not visitor.may(tracker.purpose) or (name == GOOGLE and visitor.signals.ga_off):
        return False
    if tracker.wakes is None:
        return True
    return tracker.wakes in place.parameters or bool(named(tracker.cookies, place.cookies))


def standing(trackers: Mapping[str, Tracker], visitor: Visitor) -> list[str]:
    """Name the purposes for which a tracker with a script may run in this browser now."""
    return sorted(
        purpose
        for name, tracker in trackers.items()
        for purpose in tracker.purposes
        if tracker.script is not None
        and visitor.may(purpose)
        and not (name == GOOGLE and visitor.signals.ga_off)
    )


def may_personalise(visitor: Visitor, *, objected: bool) -> bool:
    """Say whether contents may be chosen by behaviour: an objection to advertising ends it."""
    return not objected and visitor.may(PERSONALISE)


def named(patterns: Collection[str], names: Collection[str]) -> list[str]:
    """Give the names that one of the patterns means, in order."""
    return sorted(name for name in names if any(fnmatchcase(name, each) for each in patterns))


def switches(visitor: Visitor) -> dict[str, str]:
    """Give Clarity's two switches; each is off until its own grant (R-CL-01)."""
    return {
        "analytics": _switch(visitor.may("tracker.clarity")),
        "ads": _switch(visitor.may("tracker.clarity.ads")),
    }


def _switch(on: bool) -> str:  # noqa: FBT001
    return "granted" if on else "denied"


@dataclass(frozen=True, slots=True)
class Pixel:
    """All that a provider's counting pixel is told: our id there, a page, a cut address.

    There is no field for an account, an address or an entry (R-WM-01).
    """

    site: str
    page: str
    network: str


def pixel_of(site: str, route: str, address: str) -> Pixel:
    """Make a call of the pixel: the page by its template, the last block of the address removed."""
    return Pixel(site, route, cut(address) or "")


def is_foreign(url: str, own: Collection[str]) -> bool:
    """Say whether a link leaves the site: another host than ours (R-LNK-01)."""
    host = urlsplit(url).hostname
    return host is not None and host not in own
