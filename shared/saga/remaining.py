"""What is left of a receipt, from what a search found in the slice."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from contracts.messages import SliceVerified
from contracts.vocabulary import ReadBack
from shared.saga.claims import Told
from shared.saga.search import Remains


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
