"""The log worked out again from the topic, and a published one held against it. Pure functions.

For whoever audits: feed every proven record in the order of reading, then compare. Memory grows by
some hundred bytes for each transaction on the topic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from contracts.merkle import leaf_hash, root
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import Kind as Leaf
from contracts.tlog.entries import of_certificate
from services.erasure.audit.findings import Kind

Found = tuple[Kind, str]


@dataclass(slots=True)
class FromTopic:
    """What the topic says of the log: transactions by partition, certificates by index."""

    places: dict[bytes, dict[int, int]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    certificates: dict[int, bytes] = field(default_factory=dict)

    def transaction(self, partition: int, entry: bytes) -> None:
        """Take in the entry of a record's transaction (`contracts.tlog.entries.of_transaction`)."""
        of = self.places.setdefault(entry, {})
        if partition not in of:
            of[partition] = self.counts.get(partition, 0)
            self.counts[partition] = of[partition] + 1

    def certificate(self, index: int, digest: bytes) -> bool:
        """Take in what `erasure-certified` names; False if another has that place."""
        return self.certificates.setdefault(index, digest) == digest

    @property
    def lacking(self) -> int:
        """How many leaves below the last certificate nobody said on the topic: records are gone."""
        if not self.certificates:
            return 0
        last = max(self.certificates)
        return max(0, last + 1 - len(self.certificates) - len(self.places))

    def entries(self) -> list[bytes] | None:
        """Work out the whole log; None where several partitions or missing records leave it open.

        Certificates stand at their index, transactions fill the rest in the topic's order.
        """
        if len(self.counts) > 1 or self.lacking:
            return None
        said = iter(self.places)
        size = len(self.certificates) + len(self.places)
        return [
            of_certificate(self.certificates[index]) if index in self.certificates else next(said)
            for index in range(size)
        ]


def begins_with(head: Checkpoint, entries: Sequence[bytes]) -> bool:
    """Say whether a log with these entries is the one that a head was signed over, grown or not."""
    if head.size > len(entries):
        return False
    return root(list(map(leaf_hash, entries[: head.size]))) == head.root


def compare(entries: Sequence[bytes], said: FromTopic) -> Iterator[Found]:
    """Hold the entries of a log, from its first on, against what the topic says."""
    seen: set[bytes] = set()
    reached: dict[int, int] = {}
    for index, entry in enumerate(entries):
        if entry[:1] == Leaf.CERTIFICATE or index in said.certificates:
            yield from _certificate(index, entry, said)
            continue
        of = said.places.get(entry)
        if entry in seen:
            yield Kind.EXTRA, f"leaf {index} of the log stands there twice"
        elif of is None:
            yield Kind.MISSING, f"leaf {index} of the log is on no topic"
        elif all(place < reached.get(partition, 0) for partition, place in of.items()):
            yield Kind.REORDERED, f"leaf {index} of the log was said before an earlier one"
        seen.add(entry)
        if of is not None and len(of) == 1:
            ((partition, place),) = of.items()
            reached[partition] = max(reached.get(partition, 0), place + 1)
    left = sum(
        entry not in seen and any(place < reached.get(at, 0) for at, place in of.items())
        for entry, of in said.places.items()
    )
    if left:
        yield Kind.MISSING, f"{left} transactions of the topic were left out of the log"


def _certificate(index: int, entry: bytes, said: FromTopic) -> Iterator[Found]:
    digest = said.certificates.get(index)
    if digest is None:
        yield Kind.EXTRA, f"leaf {index} of the log is a certificate that the topic does not name"
    elif entry != of_certificate(digest):
        yield Kind.FORGED, f"leaf {index} of the log is not the certificate that the topic names"
