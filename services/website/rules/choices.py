"""A visitor's choice: what a browser says of it, what it allows, and what ends it."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

NOTHING: Final = "no"
SAID: Final = re.compile(r"([0-9a-f]{8})\.(no|[A-Za-z0-9_-]{43})")
YES: Final = "1"  # of Sec-GPC: the one value that is defined
OBJECTS: Final = "no"  # of the cookie `counting`

CHOICES: Final = "choices"  # as `shared/web/visitors.py` reads it too
PREFERENCES: Final = "preferences"
COUNTING: Final = "counting"
GA_OFF: Final = "ga-disable-"

# In the order of the page. `tracker.wiredminds.identify` and `tracker.eloqua.link` are not here:
# nothing here carries them out, so they are not asked for (R-WM-01, R-EL-02).
OFFERED: Final = (
    "web.analytics",
    "web.personalise",
    "tracker.google_analytics",
    "tracker.wiredminds",
    "tracker.eloqua",
    "tracker.hotjar",
    "tracker.salesloft",
    "tracker.clarity",
    "tracker.clarity.ads",
)
# Grants that mean nothing without another one.
NEEDS: Final = {"tracker.clarity.ads": "tracker.clarity"}


@dataclass(frozen=True, slots=True)
class Live:
    """A grant that stands in the database: its subject, its consent, what it is called there."""

    subject_id: UUID
    consent_id: UUID
    version: int
    their_ids: tuple[str, ...] = ()
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Signals:
    """What a request says by itself; `asked`: this browser holds a choice of this revision."""

    asked: bool = False
    key: str | None = None
    gpc: bool = False
    counted: bool = True
    ga_off: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request's signals and the grants that count for it, by purpose.

    `read`: what its key stands for is known; not while the database cannot be asked.
    """

    signals: Signals
    granted: Mapping[str, Live] = field(default_factory=dict)
    read: bool = True

    def may(self, purpose: str) -> bool:
        """Say whether a purpose may be acted on in this request (R-TR-00, R-CK-08).

        Global Privacy Control is a refusal of everything that is asked for here.
        """
        needed = NEEDS.get(purpose)
        return (
            not self.signals.gpc
            and purpose in self.granted
            and (needed is None or needed in self.granted)
        )

    @property
    def must_be_asked(self) -> bool:
        """Say whether the banner stands on the page: not after a refusal, nor with a signal."""
        return not self.signals.asked and not self.signals.gpc


def revision_of(digests: Mapping[str, Collection[str]]) -> str:
    """Name what is asked for now: purposes and the digests of their words in all languages.

    Another revision asks again.
    """
    lines = (f"{purpose} {' '.join(sorted(words))}\n" for purpose, words in sorted(digests.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:8]


def write_choice(revision: str, key: str | None) -> str:
    """Give the cookie's value; a refusal has no key: it leaves nothing with us."""
    return f"{revision}.{key or NOTHING}"


def read_signals(
    cookies: Mapping[str, str], gpc: str | None, revision: str, ga_site: str | None
) -> Signals:
    """Read what a browser sends. A cookie that we did not write is no choice."""
    match = SAID.fullmatch(cookies.get(CHOICES, ""))
    key = match[2] if match and match[2] != NOTHING else None
    signal = gpc == YES
    return Signals(
        asked=match is not None and match[1] == revision,
        key=key,
        gpc=signal,
        counted=not signal and cookies.get(COUNTING) != OBJECTS,
        ga_off=ga_site is not None and cookies.get(GA_OFF + ga_site) == "true",
    )


def digest_of(key: str, purpose: str) -> bytes:
    """Give what is stored of a key: of two purposes nobody sees that they are one browser's."""
    return hashlib.sha256(f"{purpose}\0{key}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Change:
    """What a new choice changes: purposes that stay, begin and end."""

    kept: frozenset[str]
    begun: frozenset[str]
    ended: frozenset[str]


def change(live: Mapping[str, Live], wanted: Mapping[str, int], *, gpc: bool) -> Change:
    """Compare what stands with what was ticked: purpose -> version of the words on the page.

    Words that changed are a new consent. A grant without the one it needs is not taken. With the
    signal nothing is granted, and what stands ends.
    """
    taken = {} if gpc else {one: words for one, words in wanted.items() if _is_whole(one, wanted)}
    kept = frozenset(
        one for one, version in taken.items() if one in live and live[one].version == version
    )
    return Change(kept, frozenset(taken) - kept, frozenset(live) - kept)


def _is_whole(purpose: str, wanted: Collection[str]) -> bool:
    return purpose in OFFERED and NEEDS.get(purpose, purpose) in wanted


COUNTRIES: Final = ("AT", "CH", "DE", "FR", "GB", "US")
LANGUAGES: Final = ("de", "en")


def write_preferences(country: str, language: str) -> str:
    """Give the cookie's value: two values and no id (R-CK-02)."""
    return f"{country}.{language}"


def read_preferences(value: str) -> tuple[str, str]:
    """Read country and language, each empty where it says nothing that we know."""
    country, _, language = value.partition(".")
    return (
        country if country in COUNTRIES else "",
        language if language in LANGUAGES else "",
    )
