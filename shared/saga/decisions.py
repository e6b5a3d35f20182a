"""What the saga decides, without I/O: clock, limits and findings are arguments."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts import merkle
from contracts.topics import MAX_IDS

CLOCK_SKEW = timedelta(0)  # one machine; another installation's clocks may differ by its setting
LONGEST_RETRY_S = 300.0
POLICY_VERSION = "1.0"  # of the data protection policy that the inventories carry out
MAX_CLAIMS = 500  # request ids in one claim check
MAX_ATTEMPTS = 3  # of erasing again what a verifier still finds, before a person looks
EVERYTHING = "everything"


class Answer(StrEnum):
    """What an origin says about one request id."""

    ALIASES = "aliases"
    LATER = "later"
    GONE = "gone"


def covered_until(cutoff: datetime, passed_barrier_at: datetime) -> datetime:
    """Until when a slice's erasure reaches: the request's cut-off, never beyond the barrier."""
    return min(cutoff, passed_barrier_at)


def closed_root(subjects: Iterable[UUID]) -> bytes:
    """RFC 6962 root over the sorted 16-byte ids, so that ids and receipt can be compared."""
    return merkle.root([merkle.leaf_hash(raw) for raw in sorted(s.bytes for s in subjects)])


def in_lines(subjects: Iterable[UUID]) -> list[tuple[UUID, ...]]:
    """Sorted ids in lines of at most `MAX_IDS`; no line for no id."""
    ids = sorted(subjects)
    return [tuple(ids[start : start + MAX_IDS]) for start in range(0, len(ids), MAX_IDS)]


def retry_at(now: datetime, tries: int) -> datetime:
    """When to ask an origin again after `tries` failures: doubling from 1 s, at most 5 min."""
    return now + timedelta(seconds=min(2.0 ** min(tries, 16), LONGEST_RETRY_S))


def in_scope(scope: str | Collection[str], service: str) -> bool:
    """Say whether a request's scope, `everything` or the person's ticks, reaches a service."""
    return scope == EVERYTHING or service in scope


def participants(scope: str | Collection[str], register: Iterable[str]) -> tuple[str, ...]:
    """Who must answer: the scope, as far as the origin's register version goes; sorted."""
    return tuple(sorted(name for name in register if in_scope(scope, name)))


@dataclass(frozen=True, slots=True)
class Standing:
    """What an origin knows about one slice's answer to one request."""

    receipt: bytes | None = None  # SHA-256 of the latest receipt's line
    attempt: int = -1
    verified: bool = False  # the latest receipt was read back with nothing remaining


def answer_claim(
    service: str,
    scope: str | Collection[str],
    standing: Standing | None,
    *,
    has_aliases: bool,
    ready: bool,
) -> Answer:
    """Decide what a caller may learn about a request.

    `ready` False (the origin is catching up) makes everything *later*. A service outside the
    scope learns as little as one whose verified receipt was seen: *gone*.
    """
    if not ready:
        return Answer.LATER
    if not has_aliases or not in_scope(scope, service):
        return Answer.GONE
    return Answer.GONE if standing is not None and standing.verified else Answer.ALIASES


def reaches_back(covered: datetime, cutoff: datetime, skew: timedelta = CLOCK_SKEW) -> bool:
    """Say whether an erasure reached the moment identity was checked, within the clocks' skew."""
    return covered >= cutoff - skew


def left_out(
    found: Mapping[UUID, Collection[UUID]], begun_before: Mapping[UUID, Collection[UUID]]
) -> dict[UUID, set[UUID]]:
    """Of the subjects found per request, those that began before that request's cut-off.

    A subject goes to the first request that names it: a second one holds what is left.
    """
    taken: set[UUID] = set()
    mine: dict[UUID, set[UUID]] = {}
    for request, subjects in found.items():
        mine[request] = (set(subjects) & set(begun_before.get(request, ()))) - taken
        taken |= mine[request]
    return mine
