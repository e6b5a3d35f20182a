"""What registration decides, without I/O: clock and limits are arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from contracts.vocabulary import PersonField
from shared.errors import Refused, UnknownToken

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 200
DISTINCT: Final = 5  # characters a password has at least that are not the same
SHORT_WORD: Final = 4  # parts of an address shorter than this may stand in a password
# Second names under which countries register for others: not every suffix, browsers know the rest.
REGISTRIES: Final = frozenset({"ac", "co", "com", "edu", "gov", "net", "or", "org"})


class AccountClosed(Refused):
    """This account is closed to this: it is restricted, or it has ended."""

    status = 403
    problem = "account-closed"


class BadCookieDomain(Exception):  # noqa: N818
    """EXPUNGE_ONLINEPLUS_DOMAIN must be the pages' own domain, and not one that others share."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a person may say about themselves beside the address; closed (R-ACC-01)."""

    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    department: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    telephone: str | None = None


DETAILS: Final = tuple(field.name for field in fields(Details))


@dataclass(frozen=True, slots=True)
class Account:
    """An account in whatever state; times are UTC."""

    subject_id: UUID
    email: str
    details: Details
    language: str
    submitted_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    restricted_at: datetime | None = None


class State(StrEnum):
    """What an account is just now; every access asks anew (R-ACC-02)."""

    PENDING = "pending"
    LIVE = "live"
    RESTRICTED = "restricted"
    ENDED = "ended"


def state_of(account: Account | None) -> State:
    """Say what an account is; none is an ended one."""
    if account is None or account.ended_at is not None:
        return State.ENDED
    if account.confirmed_at is None:
        return State.PENDING
    return State.LIVE if account.restricted_at is None else State.RESTRICTED


@dataclass(frozen=True, slots=True)
class Declared:
    """A box that was ticked beside a wording; a consent only once the address is confirmed."""

    subject_id: UUID
    purpose: str
    wording_sha256: str
    button: str
    form: str


def may_confirm(account: Account | None, now: datetime, within: timedelta) -> Account:
    """Give the account that a mailed link may confirm now (R-ACC-12).

    Raises UnknownToken if nobody waits here, or the link is too old though the row is still there.
    """
    waits = account is not None and state_of(account) is State.PENDING
    if account is None or not waits or now - account.submitted_at > within:
        raise UnknownToken
    return account


def changed(before: Details, after: Details) -> tuple[PersonField, ...]:
    """Name the fields that differ: all that is ever written or told of a change (R-ACC-08)."""
    return tuple(
        PersonField(name) for name in DETAILS if getattr(before, name) != getattr(after, name)
    )


def details_of(values: Mapping[str, str]) -> Details:
    """Take the details out of a form's values; what was left empty is absent."""
    return Details(**{name: values.get(name) for name in DETAILS})


def weakness(password: str, email: str) -> str:
    """Name what is wrong with a new password as a code, empty if nothing is (ASVS 5.0 6.2).

    Length decides; beyond that only what a guesser tries first is refused: one character again
    and again, the address or a part of it filled up with a few signs.
    """
    if len(password) < MIN_PASSWORD:
        return "too-short"
    if len(set(password)) < DISTINCT:
        return "too-plain"
    local, _, domain = email.casefold().partition("@")
    folded = password.casefold()
    parts = {email.casefold(), local, domain.rpartition(".")[0]}
    return (
        "too-plain"
        if any(
            len(part) >= SHORT_WORD
            and part in folded
            and len(folded.replace(part, "")) < MIN_PASSWORD // 2
            for part in parts
        )
        else ""
    )


@dataclass(frozen=True, slots=True)
class Ends:
    """When sign-ins end: after the last use and in all, for documents and for the account page."""

    documents_idle: timedelta
    documents_max: timedelta
    account_idle: timedelta
    account_max: timedelta


@dataclass(frozen=True, slots=True)
class SignIn:
    """One signed-in browser. `this_session`: the person chose not to be remembered (R-CK-05)."""

    sign_in_id: UUID
    subject_id: UUID
    this_session: bool
    begun_at: datetime
    account_seen_at: datetime
    seen_at: datetime


def documents_end(sign_in: SignIn, ends: Ends) -> datetime:
    """Say when a sign-in stops opening documents if it is not used again (R-CK-04)."""
    if sign_in.this_session:
        return sign_in.begun_at + ends.account_max
    return min(sign_in.begun_at + ends.documents_max, sign_in.seen_at + ends.documents_idle)


def account_end(sign_in: SignIn, ends: Ends) -> datetime:
    """Say when a sign-in stops opening the account page if it is not used again."""
    latest = min(sign_in.begun_at + ends.account_max, sign_in.account_seen_at + ends.account_idle)
    return min(latest, documents_end(sign_in, ends))


def next_end(sign_in: SignIn, ends: Ends, now: datetime) -> datetime:
    """Say when something of a sign-in ends next: its account page, and after that its documents."""
    account = account_end(sign_in, ends)
    return account if account > now else documents_end(sign_in, ends)


Counts = Callable[[str, int], bool]


def may_receive(
    account: Account | None, agreed: tuple[str, int] | None, *, queued: bool, counts: Counts
) -> bool:
    """Say whether a promotion mail may go to an account now: asked before each delivery (R-ACC-06).

    `agreed` is wording and version of declaration B, None if it does not hold; `counts` says
    whether that version still counts (R-POL-01). A restriction stops it (GDPR Art. 18(2)).
    """
    if agreed is None or not queued or state_of(account) is not State.LIVE:
        return False
    return counts(*agreed)


def check_cookie_domain(domain: str, public_url: str) -> str:
    """Give the cookie's Domain, empty for the host alone. Raises BadCookieDomain (P17)."""
    wanted = domain.strip(".").lower()
    if not wanted:
        return ""
    host = urlsplit(public_url).hostname or ""
    labels = wanted.split(".")
    shared = len(labels) < 2 or (  # noqa: PLR2004  # a name under which nobody registers
        len(labels) == 2 and len(labels[1]) == 2 and labels[0] in REGISTRIES  # noqa: PLR2004
    )
    if shared or not (host == wanted or host.endswith(f".{wanted}")):
        raise BadCookieDomain
    return wanted
