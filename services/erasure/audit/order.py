"""Order that needs no log: an answer stands after its question, a signer's clock goes forward.

What is swapped or moved inside a saga stands before its cause. What is moved further, or dated
back, is told by the times that its signer signed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from contracts.messages import ErasureCertified
from contracts.policy import PARAMETERS
from services.erasure.facts import Fact, ReadBack, Receipt, Requested, Supplement
from services.erasure.rules import Saga

# What one service tells leaves in the order of its outbox, so only a transaction that took longer
# than this could be overtaken by more.
OVERTAKEN: Final = timedelta(minutes=10)
SKEW: Final = PARAMETERS["CLOCK_SKEW"].most  # between two machines, at the most


def premature(known: Mapping[str, Fact], fact: Fact, *, batch: bool) -> str | None:
    """Say what is not there before a fact although it can only follow it, or None.

    `known` is by the digests of lines. `batch`: a receipt that nobody asked for, so no request is
    missed.
    """
    if isinstance(fact, ReadBack):
        if isinstance(known.get(fact.receipt_sha256), Receipt):
            return None
        return f"a read-back of {fact.service} without the receipt that it names before it"
    if batch or isinstance(fact, Requested):
        return None
    if any(isinstance(one, Requested) for one in known.values()):
        return None
    return f"{fact.by} spoke before the request"


def unfounded(fact: Supplement) -> str:
    """Say that a slice has a last word about what no receipt of its named, or has it twice."""
    return f"{fact.by} says {fact.about}, which no receipt of its named before, or says it twice"


def backdated(saga: Saga, said: ErasureCertified, said_at: datetime) -> Iterator[str]:
    """Go through what a saga's own times contradict; `said_at` is the certificate line's time."""
    if abs(said.certified_at - said_at) > SKEW:
        yield "the certificate has another time than the line that announces it"
    for name in sorted(saga.participants & saga.answers.keys()):
        receipt, seen = saga.answers[name]
        if saga.requested is not None and receipt.erased_at < saga.requested.received_at - SKEW:
            yield f"{name} dates its receipt before the request"
        if seen is None:
            continue
        if seen.verified_at < receipt.erased_at - SKEW:
            yield f"{name}'s read-back is dated before its receipt"
        if said.certified_at < seen.verified_at - SKEW:
            yield f"the certificate is dated before the read-back of {name}"


class Clocks:
    """The latest time that each key signed in each partition."""

    def __init__(self) -> None:
        self._latest: dict[tuple[int, str], datetime] = {}

    def back(self, partition: int, key_id: str, time: datetime) -> timedelta | None:
        """Take a time in; say by how much it goes back, or None if by no more than is usual."""
        place = (partition, key_id)
        latest = self._latest.get(place)
        if latest is None or time > latest:
            self._latest[place] = time
            return None
        return latest - time if latest - time > OVERTAKEN else None
