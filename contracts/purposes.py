"""The register of purposes: what data is used for, each on exactly one legal basis (R-POL-06).

Everything that is done with personal data is done for one of these. A consent to anything else is
refused where it is written and quarantined where it is read.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Basis(StrEnum):
    """The one legal basis of a purpose (GDPR Art. 6(1); R-POL-06)."""

    CONSENT = "Art. 6(1)(a)"
    CONTRACT = "Art. 6(1)(b)"
    LEGAL_OBLIGATION = "Art. 6(1)(c)"
    LEGITIMATE_INTEREST = "Art. 6(1)(f)"


BASES: Final = MappingProxyType(
    {
        "a": Basis.CONSENT,
        "b": Basis.CONTRACT,
        "c": Basis.LEGAL_OBLIGATION,
        "f": Basis.LEGITIMATE_INTEREST,
    }
)


class NotOneBasis(ValueError):  # noqa: N818
    """A purpose has exactly one of the letters a, b, c, f of GDPR Art. 6(1)."""


class UnknownPurpose(ValueError):  # noqa: N818
    """This purpose is not in the register: add it to contracts/purposes.py with its basis."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What data is used for. `owner` is the service that keeps it, EVERY_SERVICE for all.

    `letter` is that of GDPR Art. 6(1); raises NotOneBasis for none or more than one. An `ended`
    purpose is in old records and is given to nothing any more. What is used for an `inside`
    purpose is passed on to nobody, and neither is anything else of its owner (R-3P-02).
    """

    id: str
    owner: str
    letter: str
    what: str
    ended: bool = False
    inside: bool = False
    basis: Basis = field(init=False)

    def __post_init__(self) -> None:
        """Find the basis of the letter."""
        if self.letter not in BASES:
            raise NotOneBasis
        object.__setattr__(self, "basis", BASES[self.letter])


EVERY_SERVICE: Final = "all"

_REGISTER: Final = (
    Purpose("account.use", "registration", "a", "open documents and forms with an account"),
    Purpose("account.promo_email", "registration", "a", "send promotion to account holders"),
    Purpose(
        "newsletter.send", "newsletter", "a", "send the newsletter that was asked for", inside=True
    ),
    Purpose("newsletter.email", "newsletter", "a", "send the newsletter", ended=True, inside=True),
    Purpose("event.registration", "events", "a", "keep a seat at a gathering"),
    Purpose("event.contract", "events", "b", "carry out a training that was paid for"),
    Purpose("event.survey", "events", "a", "ask participants for their views"),
    Purpose("event.material", "events", "a", "send reading material that fits the answers"),
    Purpose("contact.reply", "contact", "a", "answer what was asked", inside=True),
    Purpose("web.technical", "website", "f", "show the site and keep it safe"),
    Purpose("web.aggregate", "website", "f", "count pages and downloads, without visitors"),
    Purpose("web.analytics", "website", "a", "know a visitor again and see how the site is used"),
    Purpose("web.personalise", "website", "a", "choose contents by what somebody looked at"),
    Purpose("tracker.google_analytics", "website", "a", "statistics of use by Google Analytics"),
    Purpose("tracker.wiredminds", "website", "a", "pseudonymous profiles of use by wiredminds"),
    Purpose("tracker.wiredminds.identify", "website", "a", "join such a profile to a person"),
    Purpose("tracker.eloqua", "website", "a", "pages of one session, by Eloqua"),
    # Nothing sends entries of forms to Eloqua, so it is given to nothing; old records name it.
    Purpose("tracker.eloqua.link", "website", "a", "join entries to Eloqua's visitor", ended=True),
    Purpose("tracker.hotjar", "website", "a", "see how pages are used, by Hotjar"),
    Purpose("tracker.salesloft", "website", "a", "follow a click in a mail, by Salesloft"),
    Purpose("tracker.clarity", "website", "a", "see how pages are used, by Microsoft Clarity"),
    Purpose("tracker.clarity.ads", "website", "a", "advertising by Microsoft with that"),
    Purpose("rights.request", "rights", "c", "carry out what a person may ask for"),
    Purpose("security.flood", EVERY_SERVICE, "f", "slow down floods of posts and mails"),
    Purpose("record.keep", EVERY_SERVICE, "c", "keep what a law says must be kept, to its day"),
)
PURPOSES: Final = MappingProxyType({purpose.id: purpose for purpose in _REGISTER})
INSIDE: Final = frozenset(purpose.owner for purpose in _REGISTER if purpose.inside)


def purpose_named(purpose_id: str) -> Purpose:
    """Give a purpose that may be used now. Raises UnknownPurpose, also for one that ended."""
    found = PURPOSES.get(purpose_id)
    if found is None or found.ended:
        raise UnknownPurpose
    return found


def registered(purpose_id: str) -> str:
    """Return the id of a purpose that is or was in the register. Raises UnknownPurpose."""
    if purpose_id not in PURPOSES:
        raise UnknownPurpose
    return purpose_id
