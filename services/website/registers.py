"""The registers that an operator may replace: trackers, cookies, the foot of the page."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contracts.purposes import PURPOSES
from services.website.rules.choices import OFFERED
from services.website.rules.trackers import Cookie, Tracker
from services.website.settings import WebsiteSettings, configured
from shared.disclosure import Recipients, configured_recipients
from shared.settings import SettingsError

NO_TRANSFER: Final = "none"
T = TypeVar("T")


class Foot(BaseModel):
    """The foot of the page in one language; `numbers` by country, `""` for all others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    link: str
    numbers: dict[str, str] = Field(min_length=1)

    def number(self, country: str) -> str:
        """Give the telephone number for a country."""
        return self.numbers.get(country, self.numbers[""])


class _Cookies(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    cookie: tuple[Cookie, ...]


@dataclass(frozen=True)
class Registers:
    """What is offered on this site. `trackers` are those that the operator uses, by name.

    `known` are all of the register, also those that were used earlier.
    """

    known: Mapping[str, Tracker]
    trackers: Mapping[str, Tracker]
    sites: Mapping[str, str]
    cookies: tuple[Cookie, ...]
    foot: Mapping[str, Foot]
    recipients: Recipients

    @property
    def purposes(self) -> tuple[str, ...]:
        """Give the purposes that are asked for, in the order of the page."""
        used = {one for tracker in self.trackers.values() for one in tracker.purposes}
        return tuple(one for one in OFFERED if not one.startswith("tracker.") or one in used)

    def tracker_of(self, purpose: str) -> str | None:
        """Name the tracker that a purpose is about."""
        return next((name for name, one in self.trackers.items() if purpose in one.purposes), None)


def read_registers(chosen: WebsiteSettings, recipients: Recipients) -> Registers:
    """Read the files. A tracker whose transfer nothing allows is left out (R-TR-00).

    Raises SettingsError, naming the variable.
    """
    trackers = _read(chosen.tracker_register, dict[str, Tracker], "TRACKER_REGISTER")
    unknown = sorted(set(chosen.trackers) - set(trackers) | set(chosen.trackers) - set(recipients))
    if unknown:
        message = f"EXPUNGE_TRACKERS: in no register: {', '.join(unknown)}"
        raise SettingsError(message)
    asked = {one for tracker in trackers.values() for one in tracker.purposes}
    if not asked <= set(PURPOSES) or not asked <= set(OFFERED):
        message = "EXPUNGE_TRACKER_REGISTER: a purpose that nobody is asked for"
        raise SettingsError(message)
    return Registers(
        known=trackers,
        trackers={
            name: trackers[name]
            for name in trackers
            if name in chosen.trackers and recipients[name].transfer != NO_TRANSFER
        },
        sites=chosen.trackers,
        cookies=_read(chosen.cookie_register, _Cookies, "COOKIE_REGISTER").cookie,
        foot=_read(chosen.foot, dict[str, Foot], "FOOT"),
        recipients=recipients,
    )


@lru_cache(maxsize=1)
def configured_registers() -> Registers:
    """Read this installation's registers once in this process."""
    return read_registers(configured(), configured_recipients())


def _read(path: Path, kind: type[T], variable: str) -> T:
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    try:
        content: Any = tomllib.loads(path.read_text("utf-8"))
        return adapter.validate_python(content)
    except (OSError, ValueError) as error:
        found = (
            "; ".join(".".join(map(str, one["loc"])) + ": " + one["msg"] for one in error.errors())
            if isinstance(error, ValidationError)
            else "the file cannot be read as TOML"
        )
        message = f"EXPUNGE_{variable}: {found}"
        raise SettingsError(message) from None
