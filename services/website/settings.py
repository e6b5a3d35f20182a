"""What an operator may set about the website, and the names of its rooms."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from shared.settings import FromEnvironment

SERVICE: Final = "website"
HERE: Final = Path(__file__).parent

TECHNICAL: Final = "web.technical"
AGGREGATE: Final = "web.aggregate"
ANALYTICS: Final = "web.analytics"
PERSONALISE: Final = "web.personalise"

WITHDRAWN: Final = "withdrawn"  # deadlines: taken back, never seen again, over
UNUSED: Final = "unused"
OVER: Final = "over"

CHOICE_LIFE: Final = timedelta(days=180)  # of a choice, here and in the browser: then asked again
UNUSED_AFTER: Final = timedelta(hours=24)  # a key that never came back: no browser has it


class WebsiteSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`.

    `country_database`, `provider_database`: MaxMind DB files of the operator's; without them the
    two items stay empty, nobody is asked. `trackers`: JSON object, tracker to our id there; only
    those named are offered and loaded. `tracker_register`, `cookie_register`, `foot`: TOML files
    like those in `register/`. `processors`: JSON object, tracker to the address of its deletion
    call. `policy`: a folder like `policy/`. `tracked_routes`: route templates of pages on which a
    tracker may run after its grant; pages with forms never are. `cookie_hosts`: further domains on
    which cookies of ours or for us were set, to delete them there. `onlineplus_domain`: as accounts
    set it, to be shown.
    """

    country_database: Path | None = None
    provider_database: Path | None = None
    trackers: dict[str, str] = Field(default_factory=dict)
    tracker_register: Path = HERE / "register" / "trackers.toml"
    cookie_register: Path = HERE / "register" / "cookies.toml"
    foot: Path = HERE / "register" / "foot.toml"
    policy: Path = HERE / "policy"
    tracked_routes: frozenset[str] = frozenset({"/", "/{lang}/"})
    cookie_hosts: tuple[str, ...] = ()
    onlineplus_domain: str = ""
    processors: dict[str, str] = Field(default_factory=dict)
    log_batch: Annotated[int, Field(ge=100, le=100_000)] = 10_000


@lru_cache(maxsize=1)
def configured() -> WebsiteSettings:
    """Read the environment once in this process."""
    return WebsiteSettings.load()
