"""Merkle tree hashing as in RFC 6962 section 2.1 (RFC 9162 section 2.1), SHA-256.

All functions take and give leaf hashes (32 bytes), so a leaf is hashed once. Pairing neighbours
level by level and promoting an odd last node gives the same tree as the RFC's recursion on the
largest power of two, without recursion.
"""

from collections.abc import Sequence
from hashlib import sha256

from contracts.errors import BadProof

EMPTY_ROOT = sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf: H(0x00 || data). The first byte keeps a node from passing as a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node: H(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    above = [
        sha256(b"\x01" + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        above.append(level[-1])
    return above


def root(leaves: Sequence[bytes]) -> bytes:
    """Root of a tree over leaf hashes in order; of no leaves, the hash of nothing."""
    if not leaves:
        return EMPTY_ROOT
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0]


class Growing:
    """A tree that grows leaf by leaf; holds one hash for each complete subtree, log2 of its size.

    Gives the same root as `root` over all leaves.
    """

    def __init__(self) -> None:
        """Begin without leaves."""
        self.size = 0
        self._complete: list[bytes] = []  # subtrees from left to right, each smaller than the last

    def add(self, leaf: bytes) -> None:
        """Add a leaf hash at the end."""
        self._complete.append(leaf)
        self.size += 1
        joins = self.size
        while not joins & 1:
            right = self._complete.pop()
            self._complete[-1] = node_hash(self._complete[-1], right)
            joins >>= 1

    def root(self) -> bytes:
        """Root over the leaves so far; of none, the hash of nothing."""
        if not self._complete:
            return EMPTY_ROOT
        value = self._complete[-1]
        for left in reversed(self._complete[:-1]):
            value = node_hash(left, value)
        return value


def paths(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Inclusion paths of all leaves, lowest sibling first; one pass over the tree."""
    found: list[list[bytes]] = [[] for _ in leaves]
    level, height = leaves, 0
    while len(level) > 1:
        for index, way in enumerate(found):
            sibling = (index >> height) ^ 1
            if sibling < len(level):
                way.append(level[sibling])
        level, height = _above(level), height + 1
    return found


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Inclusion path of one leaf, lowest sibling first (RFC 9162 section 2.1.3.1).

    Raises IndexError if there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError
    way: list[bytes] = []
    level = leaves
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            way.append(level[sibling])
        level, index = _above(level), index >> 1
    return way


def root_from_path(leaf: bytes, index: int, size: int, way: Sequence[bytes]) -> bytes:
    """Root that a leaf hash at `index` of `size` leaves has with this path (RFC 9162, 2.1.3.2).

    Raises BadProof if the path has not exactly the length that index and size demand.
    """
    if not 0 <= index < size:
        raise BadProof
    siblings = iter(way)
    value, last = leaf, size - 1
    while last:
        if index % 2 or index < last:
            sibling = next(siblings, None)
            if sibling is None or len(sibling) != HASH_BYTES:
                raise BadProof
            value = node_hash(sibling, value) if index % 2 else node_hash(value, sibling)
        index, last = index >> 1, last >> 1
    if next(siblings, None) is not None:
        raise BadProof
    return value
