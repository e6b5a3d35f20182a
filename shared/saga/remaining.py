"""What is left of a receipt, from what a search found in the slice."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from contracts.vocabulary import ReadBack
from shared.saga.claims import Told
from shared.saga.search import Remains


class Looked(Protocol):
    """A receipt as far as this is concerned: the ids its slice closed, and until when it covers."""

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


def method_of(each: Looked, claim: Told) -> ReadBack:
    """Name what was looked for."""
    if not claim.addresses:
        return ReadBack.IDS
    return ReadBack.IDS_AND_ADDRESSES if each.ids else ReadBack.ADDRESSES
