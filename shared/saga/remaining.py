"""What is left of a receipt, from what a search found in the slice."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from contracts.fields import MAX_HELD, Held
from contracts.messages import SliceVerified
from contracts.vocabulary import ReadBack
from shared.saga.claims import Told
from shared.saga.search import Remains, Term

ENDING: Final = timedelta(minutes=1)


class Looked(Protocol):
    """A receipt that was looked at; `ids` are those its slice closed."""

    @property
    def receipt_id(self) -> UUID:
        """Whose it is."""

    @property
    def attempt(self) -> int:
        """Which of its attempts."""

    @property
    def request_id(self) -> UUID | None:
        """Who asked, None if nobody did."""

    @property
    def receipt_sha256(self) -> bytes:
        """SHA-256 of its line as sent."""

    @property
    def ids(self) -> Collection[UUID]:
        """Closed ids."""

    @property
    def covered_until(self) -> datetime:
        """Relationships that began later are a stranger's."""


def count_remaining(each: Looked, claim: Told, remains: Remains) -> int:
    """Count what is left: closed ids anywhere, and addresses of relationships that are covered.

    An address on a row that hangs on nobody counts always; one whose relationship began after
    `covered_until` is a stranger's.
    """
    ids = sum(remains.ids.get(subject, 0) for subject in {*each.ids, *claim.subjects})
    rows = [since for address in claim.addresses for since in remains.addresses.get(address, ())]
    return ids + sum(since is None or since <= each.covered_until for since in rows)


def count_misheld(said: Collection[Held], found: Mapping[Term, int], now: datetime) -> int:
    """Count rows that are held and not said to be, or said to be held and not there.

    What ends about `now` (UTC) is passed over: it may be deleted already. Of more ends than a
    receipt can name it says the latest for each ground and paragraph.
    """
    end = now + ENDING
    there = Counter({term: rows for term, rows in found.items() if term[2] > end})
    if len(there) > MAX_HELD:
        there = _by_latest(there)
    told = Counter[Term]()
    for one in said:
        if one.until > end:
            told[one.ground.value, one.reference, one.until] += one.rows
    return ((there - told) + (told - there)).total()


def _by_latest(there: Mapping[Term, int]) -> Counter[Term]:
    latest: dict[tuple[str, str], datetime] = {}
    for ground, reference, until in there:
        latest[ground, reference] = max(until, latest.get((ground, reference), until))
    merged = Counter[Term]()
    for (ground, reference, _), rows in there.items():
        merged[ground, reference, latest[ground, reference]] += rows
    return merged


def read_back(
    each: Looked, claim: Told, remaining: int, *, service: str, at: datetime
) -> SliceVerified:
    """Say how much is left of a receipt, in the words of the verifier of `service`."""
    return SliceVerified(
        receipt_id=each.receipt_id,
        request_id=each.request_id,
        service=service,
        receipt_sha256=each.receipt_sha256.hex(),
        attempt=each.attempt,
        remaining=remaining,
        method=_method_of(each, claim),
        verified_at=at,
    )


def _method_of(each: Looked, claim: Told) -> ReadBack:
    """Name what was looked for."""
    if not claim.addresses:
        return ReadBack.IDS
    return ReadBack.IDS_AND_ADDRESSES if each.ids else ReadBack.ADDRESSES
