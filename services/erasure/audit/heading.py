"""Heads of the log that somebody kept, and the log as published, held against the topic."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, TypeAlias

from contracts.errors import BadLog
from contracts.merkle import Growing, leaf_hash
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import Kind as Leaf
from contracts.topics import ERASURE
from contracts.trust import KeyRing, Trust
from contracts.vocabulary import Role
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.judging import Judge
from services.erasure.audit.told_log import ToldLog

UNSIGNED: Final = "the checkpoint is not signed by a key of the log that this list names"
OPEN: Final = "a log over several partitions cannot be worked out from the topic alone: give --log"
OTHER: Final = "the checkpoint was signed over another history than this topic's"
OTHER_FILES: Final = "the checkpoint was signed over other leaves than those that are published"
OUTLIVED: Final = "the checkpoint is over what stands after the end of the key that signed it"
CUT_FILES: Final = "the published log does not have all leaves that its head is over"


def opened(note: bytes, keys: Trust) -> Checkpoint:
    """Read a checkpoint that one of the log's keys signed. Raises BadLog."""
    of_log = [bytes.fromhex(key.public_key) for key in keys.keys if key.role is Role.LOG]
    return Checkpoint.open(note, *of_log)


Leaves: TypeAlias = Callable[[int], Iterator[bytes]]  # of a log of this size


def told_leaves(told: ToldLog) -> Leaves:
    """Give the leaves that follow from the topic alone, none where they do not."""

    def leaves(size: int) -> Iterator[bytes]:
        known = not told.lacking and len(told.partitions) == 1
        return (leaf.entry for leaf in islice(told.leaves(), size)) if known else iter(())

    return leaves


def outlived(
    told: ToldLog | None, leaves: Leaves, note: bytes, keys: Trust, ring: KeyRing
) -> Iterator[Finding]:
    """Find whether a head is over more than its key was believed for: a thief may have signed it.

    A revocation names places, and a head counts only if all that it is over stands before them.
    `keys` says which keys are the log's, `ring` what became of them.
    """
    signers = [known for one in _signers(note, keys) if (known := ring.find(one)) is not None]
    if told is None or not signers or any(key.revoked_from is None for key in signers):
        return
    with suppress(BadLog):  # that leaves are not there is found by whoever compares them
        for entry in leaves(Checkpoint.read(note).size):
            places = told.places_of(entry) if entry[:1] == Leaf.TRANSACTION else []
            believed = (key.speaks_at(ERASURE.name, *place) for key in signers for place in places)
            if places and not any(believed):
                yield Finding(Kind.FORGED, OUTLIVED, *places[0])
                return


def _signers(note: bytes, keys: Trust) -> Iterator[str]:
    """Give the ids of the log's keys that signed a head."""
    for key in keys.keys:
        if key.role is Role.LOG:
            with suppress(BadLog):
                Checkpoint.open(note, bytes.fromhex(key.public_key))
                yield key.key_id


def hold(told: ToldLog, heads: Sequence[Checkpoint]) -> Iterator[Finding]:
    """Find what contradicts signed heads in the log that follows from the topic alone."""
    most = max((head.size for head in heads), default=0)
    if told.lacking or most > told.size:
        what = f"the checkpoint is over {most} leaves, the topic tells of {told.size}"
        yield Finding(Kind.MISSING, what)
    elif len(told.partitions) > 1:
        yield Finding(Kind.MISSING, OPEN)
    else:
        entries = (leaf.entry for leaf in islice(told.leaves(), most))
        for _ in contradicted(entries, heads):
            yield Finding(Kind.FORGED, OTHER)


def hold_files(
    told: ToldLog, leaves: Iterator[bytes], heads: Sequence[Checkpoint]
) -> Iterator[Finding]:
    """Find what contradicts signed heads in a published log, and where it leaves the topic."""
    judging = Judge(told)

    def looked_at() -> Iterator[bytes]:
        for entry in leaves:
            judging.leaf(entry)
            yield entry

    try:
        others = list(contradicted(looked_at(), heads))
    except BadLog:
        yield Finding(Kind.MISSING, CUT_FILES)
        return
    finding = judging.finish()
    if finding is not None:
        yield finding
    for _ in others:
        yield Finding(Kind.FORGED, OTHER_FILES)


def contradicted(entries: Iterator[bytes], heads: Sequence[Checkpoint]) -> Iterator[Checkpoint]:
    """Give the heads over which another root was signed than over these entries."""
    waiting = deque(sorted(heads, key=lambda head: head.size))
    tree = Growing()
    while waiting and waiting[0].size == 0:
        waiting.popleft()
    for entry in entries:
        tree.add(leaf_hash(entry))
        while waiting and waiting[0].size == tree.size:
            head = waiting.popleft()
            if head.root != tree.root():
                yield head
    yield from waiting
