"""Who said this: one Ed25519 signature for each transaction, over two levels of Merkle trees.

    signed = fields("expunge-tx/v1", service, role, key id, record count,
                    root over the record ids as leaves)

Records, their ids and `fields` are in `records.py`, keys in `signing.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from contracts.errors import BadProof, BadRecord
from contracts.merkle import HASH_BYTES, node_hash, paths, root, root_from_path
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


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands in a record's headers: signature of its transaction and the way up to it.

    `type` is a hint that lets a reader skip a record; the signed bytes decide.
    """

    key_id: str
    signature: bytes
    index: int
    count: int
    path: tuple[bytes, ...]
    type: str

    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers of the record."""
        return [
            ("type", self.type.encode()),
            ("key", bytes.fromhex(self.key_id)),
            ("signature", self.signature),
            ("index", b"%d" % self.index),
            ("count", b"%d" % self.count),
            ("path", b"".join(self.path)),
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
        path = [way[at : at + HASH_BYTES] for at in range(0, len(way), HASH_BYTES)]
        return cls(key.hex(), signature, index, count, tuple(path), kind)


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
        tx_root = root_from_path(leaf, proof.index, proof.count, proof.path)
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
    """Proven nodes of one transaction's tree, each with the rest of the path above it."""

    def __init__(
        self,
        mark: tuple[bytes, int] = (b"", 1),
        key: PublicKey | None = None,
        tx_root: bytes = b"",
    ) -> None:
        """Begin with the proven root, which stands alone at its height."""
        self.mark = mark
        self.key = key
        height = (mark[1] - 1).bit_length()
        self._nodes: dict[tuple[int, int], tuple[bytes, tuple[bytes, ...]]] = {
            (height, 0): (tx_root, ())
        }

    def holds(self, leaf: bytes, proof: "Proof") -> bool:
        """Say whether this path leads to the same root, and learn the nodes it goes through.

        A known node must have the same hash and the same path above it; the root is always known.
        Nodes are learnt only below one that fits.
        """
        passed: dict[tuple[int, int], tuple[bytes, tuple[bytes, ...]]] = {}
        value, index, last, rest = leaf, proof.index, proof.count - 1, proof.path
        if index > last:
            return False
        for height in range(MAX_PATH + 1):
            known = self._nodes.get((height, index))
            if known is not None:
                if known != (value, rest):
                    return False
                self._nodes |= passed
                return True
            passed[height, index] = (value, rest)
            if index % 2 or index < last:
                if not rest:
                    return False
                value = node_hash(rest[0], value) if index % 2 else node_hash(value, rest[0])
                rest = rest[1:]
            index, last = index >> 1, last >> 1
        return False


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
        Proof(signer.key_id, signature, index, len(leaves), tuple(way), record.type)
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
    if roots is None:
        tx_root = root_from_path(record.id, proof.index, proof.count, proof.path)
        signed = signed_bytes(key.service, key.role, key.key_id, proof.count, tx_root)
        verify(signed, proof.signature, key.public)
    else:
        roots.climb(record.id, proof, key)
    return record.id
