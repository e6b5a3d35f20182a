"""A log of somebody's, in memory, and what it asks of a witness."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from contracts.merkle import leaf_hash
from contracts.proof import Signer
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.cosignature import AddCheckpoint
from contracts.tlog.notes import VerifierKey
from contracts.tlog.tiles import append, consistency, subtree
from contracts.vocabulary import Role
from tests.contracts.samples import signer

ORIGIN = "log.example.org/erasure"
LOG = signer("erasure", Role.LOG)
LOG_KEY = VerifierKey(ORIGIN, LOG.public)


@dataclass
class History:
    """Leaves, and the tiles over them."""

    words: Sequence[str]
    origin: str = ORIGIN

    def __post_init__(self) -> None:
        leaves = [leaf_hash(sha256(word.encode()).digest()) for word in self.words]
        self.tiles = append({}, 0, leaves)

    def head(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, subtree(self.tiles, 0, size))

    def note(self, size: int, by: Signer = LOG) -> bytes:
        return self.head(size).sign(by)

    def way(self, old: int, size: int) -> list[bytes]:
        return [subtree(self.tiles, *one) for one in consistency(old, size)]

    def asks(self, old: int, size: int, by: Signer = LOG) -> bytes:
        """Write the request that a log sends."""
        return AddCheckpoint(old, self.way(old, size), self.note(size, by)).body()


TRUE = History([f"leaf {number}" for number in range(40)])


def forked(at: int) -> History:
    """Make a history that parts from the true one before a leaf."""
    return History([*TRUE.words[:at], *(f"other {n}" for n in range(at, len(TRUE.words)))])
