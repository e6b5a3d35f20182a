"""A published log held against what the topic says: the first leaf that differs is named.

Within a partition the log has the topic's order; how partitions mix is told by the log alone.
Memory is needed for what stands out of order only.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from contracts.tlog.entries import Kind as Leaf
from contracts.tlog.entries import of_certificate
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.told_log import ToldLog, Transaction

NEXT: Final = "the topic goes on with partition {partition} offset {offset}"


class Judge:
    """Compares leaf by leaf, up to the first one that is wrong."""

    def __init__(self, told: ToldLog) -> None:
        """Begin at index 0, when the whole topic was read."""
        self._told = told
        self._named = told.named()
        self._certificate = next(self._named, None)
        self._rest = {partition: told.said(partition) for partition in told.partitions}
        self._next: dict[int, dict[bytes, Transaction]] = {}
        # Logged, and still to come in so many other partitions.
        self._elsewhere: dict[bytes, int] = {}
        self._reached = dict.fromkeys(self._rest, -1)
        for partition in self._rest:
            self._next[partition] = {}
            self._refill(partition)
        self._index = 0
        self._wrong: tuple[bool, Transaction | None] | None = None
        self._at = -1
        self._found_later = False
        self.finding: Finding | None = None

    def leaf(self, entry: bytes) -> None:
        """Compare the next leaf of the log; after the first wrong one only look for its cause."""
        index, self._index = self._index, self._index + 1
        if self._wrong is not None:
            missed = self._wrong[1]
            self._found_later |= missed is not None and entry[1:] == missed.digest
            return
        if self.finding is not None:
            return
        named = self._certificate
        if named is not None and named[0] == index:
            self._certificate = next(self._named, None)
            if entry != of_certificate(named[1]):
                what = f"leaf {index} of the log is not the certificate that the topic names"
                self.finding = Finding(Kind.FORGED, what)
        elif entry[:1] == Leaf.CERTIFICATE:
            what = f"leaf {index} of the log is a certificate that the topic does not name"
            self.finding = Finding(Kind.EXTRA, what)
        elif not self._take(entry[1:]):
            where = [partition for partition, _ in self._told.places_of(entry)]
            self._wrong, self._at = (bool(where), self._missed(where)), index

    def finish(self) -> Finding | None:
        """Give the first thing that is wrong when every leaf was given."""
        if self._wrong is not None:
            known, missed = self._wrong
            self.finding = self._differs(missed, known=known)
        elif self.finding is None:
            self.finding = self._left_out()
        return self.finding

    def _take(self, digest: bytes) -> bool:
        """Take a transaction that may come next in some partition."""
        taken = [tx for some in self._next.values() if (tx := some.pop(digest, None)) is not None]
        if taken and taken[0].partitions > len(taken):
            self._elsewhere[digest] = taken[0].partitions - len(taken)
        for tx in taken:
            if tx.partitions == 1:
                self._reached[tx.partition] = tx.place
                self._refill(tx.partition)
        return bool(taken)

    def _refill(self, partition: int) -> None:
        """Read on up to a transaction that only this partition has: nothing behind it may come.

        One that another partition has as well is logged where it was heard first.
        """
        following = self._next[partition]
        for tx in self._rest[partition]:
            left = self._elsewhere.pop(tx.digest, 0)
            if left > 1:
                self._elsewhere[tx.digest] = left - 1
            if left:
                continue
            following[tx.digest] = tx
            if tx.partitions == 1:
                return

    def _missed(self, partitions: Sequence[int]) -> Transaction | None:
        """Give what the log should have had instead of a leaf that these partitions have."""
        among = partitions or list(self._next)
        first = [tx for one in among for tx in self._next[one].values() if tx.partitions == 1]
        return first[0] if len(first) == 1 or (first and partitions) else None

    def _differs(self, missed: Transaction | None, *, known: bool) -> Finding:
        where = "" if missed is None else f"; {NEXT.format(**_place(missed))}"
        at = (None, None) if missed is None else (missed.partition, missed.offset)
        if not known:
            what = f"leaf {self._at} of the log is on no topic{where}"
            return Finding(Kind.MISSING, what, *at)
        if missed is not None and not self._found_later:
            what = f"what should be leaf {self._at} was left out of the log{where}"
            return Finding(Kind.MISSING, what, *at)
        what = f"leaf {self._at} of the log stands in another place than on the topic{where}"
        return Finding(Kind.REORDERED, what, *at)

    def _left_out(self) -> Finding | None:
        """Find what the log passed over in every partition that has it."""
        passed = [
            tx
            for partition, some in self._next.items()
            for tx in some.values()
            if tx.place < self._reached[partition]
        ]
        times = Counter(tx.digest for tx in passed)
        for tx in passed:
            if times[tx.digest] == tx.partitions:
                what = "a transaction of the topic was left out of the log"
                return Finding(Kind.MISSING, what, tx.partition, tx.offset)
        return None


def _place(tx: Transaction) -> dict[str, int]:
    return {"partition": tx.partition, "offset": tx.offset}
