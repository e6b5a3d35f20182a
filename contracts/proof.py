"""Who said this: one Ed25519 signature for each transaction, over two levels of Merkle trees.

    signed = fields("expunge-tx/v1", service, role, key id, record count,
                    root over the record ids as leaves)

Records, their ids and `fields` are in `records.py`, keys in `signing.py`.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple, Self

from contracts.errors import BadProof, BadRecord
from contracts.merkle import HASH_BYTES, paths, root, root_from_path
from contracts.records import Record, fields, record_id, record_leaf
from contracts.signing import (
    KEY_ID_BYTES,
    SIGNATURE_BYTES,
    PublicKey,
    Signer,
    key_id_of,
    verify,
)
from contracts.topics import TOPICS
from contracts.vocabulary import Role

__all__ = [
    "Headers",
    "Proof",
    "PublicKey",
    "Record",
    "Roots",
    "Signer",
    "check",
    "fields",
    "key_id_of",
    "record_id",
    "record_leaf",
    "seal",
    "signed_bytes",
    "verify",
]

TRANSACTION_V1 = b"expunge-tx/v1"
MAX_RECORDS = 10_000  # of one transaction; 2,000 lines make at most as many records
MAX_PATH = 14  # enough for MAX_RECORDS
REMEMBERED_ROOTS = 4_096

# Numbers in headers have one spelling only: what is not in here is none of them.
_NUMBERS = {b"%d" % number: number for number in range(MAX_RECORDS + 1)}

Headers = Sequence[tuple[str, bytes]]


def signed_bytes(service: str, role: Role, key_id: str, count: int, tx_root: bytes) -> bytes:
    """Bytes that a transaction's signature is over."""
    return fields(
        TRANSACTION_V1,
        service.encode(),
        role.value.encode(),
        key_id.encode(),
        b"%d" % count,
        tx_root,
    )


class Proof(NamedTuple):
    """What stands in a record's headers: signature of its transaction and the way up to it.

    `path` is the sibling hashes from the record up, joined. `type` is a hint that lets a reader
    skip a record; the signed bytes decide.
    """

    key_id: str
    signature: bytes
    index: int  # type: ignore[assignment] # nobody looks a value up in a proof
    count: int  # type: ignore[assignment]
    path: bytes
    type: str

    @property
    def siblings(self) -> tuple[bytes, ...]:
        """The path, hash by hash."""
        ends = range(0, len(self.path), HASH_BYTES)
        return tuple(self.path[at : at + HASH_BYTES] for at in ends)

    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers of the record."""
        return [
            ("type", self.type.encode()),
            ("key", bytes.fromhex(self.key_id)),
            ("signature", self.signature),
            ("index", b"%d" % self.index),
            ("count", b"%d" % self.count),
            ("path", self.path),
        ]

    @classmethod
    def from_headers(cls, headers: Headers) -> Self:
        """Read the headers of a record; others beside ours are passed over. Raises BadProof."""
        found = dict(headers)
        try:
            key, signature, way = found["key"], found["signature"], found["path"]
            index, count = _NUMBERS[found["index"]], _NUMBERS[found["count"]]
            kind = found["type"].decode("ascii")
        except (KeyError, UnicodeDecodeError):
            raise BadProof from None
        if (
            len(found) != len(headers)
            or len(key) != KEY_ID_BYTES
            or len(signature) != SIGNATURE_BYTES
            or len(way) % HASH_BYTES
            or len(way) > MAX_PATH * HASH_BYTES
        ):
            raise BadProof
        return cls(key.hex(), signature, index, count, way, kind)


class Roots:
    """Transactions whose signature was checked already, so that each is verified once.

    Remembered is everything that is signed, the signature and the key; the oldest is forgotten
    first.
    """

    def __init__(self, limit: int = REMEMBERED_ROOTS) -> None:
        """Remember at most `limit` transactions."""
        self._limit = limit
        self._seen: dict[tuple[bytes, bytes, int], PublicKey] = {}
        self._tree = _Tree()

    def climb(self, leaf: bytes, proof: "Proof", key: PublicKey) -> None:
        """Check that a leaf stands where its proof says. Raises BadProof.

        The records of a transaction come one after the other, so the nodes above the last ones
        are remembered and a path is followed only up to the first of these.
        """
        tree, mark = self._tree, (proof.signature, proof.count)
        if tree.mark == mark and (tree.key is key or tree.key == key):
            if tree.holds(leaf, proof):
                return
            raise BadProof
        tx_root = root_from_path(leaf, proof.index, proof.count, proof.siblings)
        self.check(tx_root, proof.signature, proof.count, key)
        self._tree = _Tree(mark, key, tx_root)

    def check(self, tx_root: bytes, signature: bytes, count: int, key: PublicKey) -> None:
        """Verify a transaction's signature unless seen before. Raises BadProof."""
        mark = (tx_root, signature, count)
        known = self._seen.get(mark)
        if known is key or known == key:
            return
        signed = signed_bytes(key.service, key.role, key.key_id, count, tx_root)
        verify(signed, signature, key.public)
        if len(self._seen) >= self._limit:
            del self._seen[next(iter(self._seen))]
        self._seen[mark] = key


class _Tree:
    """Proven nodes of one transaction's tree, each with the path above it.

    A proven path proves the siblings on it as well: who knows a node knows the two below it, once
    somebody says two hashes that give it. So of two neighbours the second is only compared.
    Nodes are numbered as in a heap: the root is 1, below n are 2n and 2n + 1.
    """

    def __init__(
        self,
        mark: tuple[bytes, int] = (b"", 1),
        key: PublicKey | None = None,
        tx_root: bytes = b"",
    ) -> None:
        """Begin with the proven root."""
        self.mark = mark
        self.key = key
        self._first = 1 << (mark[1] - 1).bit_length()
        self._nodes: dict[int, tuple[bytes, bytes]] = {1: (tx_root, b"")}

    def holds(self, leaf: bytes, proof: Proof) -> bool:
        """Say whether this path leads to the same root, and learn the nodes it goes by.

        A known node must have the same hash and the same path above it; the root is always known.
        Nodes are learnt only below one that fits.
        """
        nodes, way, value, at = self._nodes, proof.path, leaf, 0
        place, last = self._first + proof.index, self._first + proof.count - 1
        if place > last:
            return False
        passed: list[tuple[int, bytes, int, bool]] = []
        while (known := nodes.get(place)) is None:
            paired = bool(place & 1) or place < last  # an odd last node moves up as it is
            passed.append((place, value, at, paired))
            if paired:
                sibling = way[at : at + HASH_BYTES]
                both = sibling + value if place & 1 else value + sibling
                value = sha256(b"\x01" + both).digest()
                at += HASH_BYTES
            place, last = place >> 1, last >> 1
        if known != (value, way[at:]):
            return False
        for place, value, at, paired in passed:
            nodes[place] = (value, way[at:])
            if paired:
                above = at + HASH_BYTES
                nodes[place ^ 1] = (way[at:above], value + way[above:])
        return True


def seal(records: Sequence[Record], signer: Signer) -> list[Proof]:
    """Prove the records of one transaction, in order, with one signature.

    Raises BadRecord if there are too many or one is outside its topic's limits.
    """
    if not records or len(records) > MAX_RECORDS:
        raise BadRecord
    for record in records:
        _fits(record)
    leaves = [record.id for record in records]
    signed = signed_bytes(signer.service, signer.role, signer.key_id, len(leaves), root(leaves))
    signature = signer.sign(signed)
    return [
        Proof(signer.key_id, signature, index, len(leaves), b"".join(way), record.type)
        for index, (record, way) in enumerate(zip(records, paths(leaves), strict=True))
    ]


def _fits(record: Record) -> None:
    topic = TOPICS.get(record.topic)
    if (
        topic is None
        or not 1 <= len(record.lines) <= topic.max_batch
        or bool(record.key) is not topic.keyed
    ):
        raise BadRecord


def check(record: Record, proof: Proof, key: PublicKey, roots: Roots | None = None) -> bytes:
    """Check that this key's holder said this record in this place; gives the record's id.

    Raises BadProof if path, key or signature do not fit, BadRecord if the record is outside its
    topic's limits. Who may say it is judged by `contracts.reading`.
    """
    _fits(record)
    if proof.key_id != key.key_id:
        raise BadProof
    leaf = record.id
    if roots is None:
        tx_root = root_from_path(leaf, proof.index, proof.count, proof.siblings)
        signed = signed_bytes(key.service, key.role, key.key_id, proof.count, tx_root)
        verify(signed, proof.signature, key.public)
    else:
        roots.climb(leaf, proof, key)
    return leaf
