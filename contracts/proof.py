"""Who said this: one Ed25519 signature for each transaction, over two levels of Merkle trees.

    line leaf   = H(0x00 || line as sent)
    record leaf = H(0x00 || fields("expunge-record/v1", topic, partition, type, key, line count,
                                   root over the line leaves))                  = the record's id
    signed      = fields("expunge-tx/v1", service, role, key id, record count,
                         root over the record leaves)

`fields` puts before each field its length as 4 bytes, big-endian; numbers are decimal ASCII,
roots are 32 bytes, no key is an empty field. Topic is the logical name, without a namespace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from contracts.errors import BadProof, BadRecord
from contracts.merkle import HASH_BYTES, leaf_hash, paths, root, root_from_path
from contracts.messages import join_lines, split_lines
from contracts.topics import TOPICS
from contracts.vocabulary import Role

RECORD_V1 = b"expunge-record/v1"
TRANSACTION_V1 = b"expunge-tx/v1"
MAX_RECORDS = 10_000  # of one transaction; 2,000 lines make at most as many records
MAX_PATH = 14  # enough for MAX_RECORDS
SIGNATURE_BYTES = 64
KEY_ID_BYTES = 16
REMEMBERED_ROOTS = 4_096

Headers = Sequence[tuple[str, bytes]]


def fields(*parts: bytes) -> bytes:
    """Join fields so that no two lists give the same bytes."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def key_id_of(public: bytes) -> str:
    """Id of a public key: the first 16 bytes of its SHA-256, in hex."""
    return sha256(public).hexdigest()[: 2 * KEY_ID_BYTES]


@dataclass(frozen=True)
class Record:
    """Lines of one type that one transaction tells to one partition."""

    topic: str
    partition: int
    type: str
    key: bytes | None
    lines: tuple[bytes, ...]

    @classmethod
    def from_value(
        cls,
        topic: str,
        partition: int,
        type: str,  # noqa: A002 - the word of the field
        key: bytes | None,
        value: bytes,
    ) -> Self:
        """Take apart a value as read from a partition. Raises BadRecord."""
        return cls(topic, partition, type, key, tuple(split_lines(value)))

    # Kept by hand: the lock inside `cached_property` costs more than what it would protect.
    @property
    def leaves(self) -> list[bytes]:
        """Leaf hashes of the lines, in order."""
        found: list[bytes] | None = self.__dict__.get("_leaves")
        if found is None:
            found = self.__dict__["_leaves"] = [leaf_hash(line) for line in self.lines]
        return found

    @property
    def id(self) -> bytes:
        """The record leaf, 32 bytes: computed, never read."""
        found: bytes | None = self.__dict__.get("_id")
        if found is None:
            found = self.__dict__["_id"] = record_leaf(
                topic=self.topic,
                partition=self.partition,
                type=self.type,
                key=self.key,
                line_count=len(self.lines),
                line_root=root(self.leaves),
            )
        return found

    @property
    def value(self) -> bytes:
        """Return the bytes as they are sent. Raises BadRecord if empty or over 256 kB."""
        return join_lines(self.lines)


def record_leaf(
    *,
    topic: str,
    partition: int,
    type: str,  # noqa: A002
    key: bytes | None,
    line_count: int,
    line_root: bytes,
) -> bytes:
    """Hash of a record's fields and the root over its lines."""
    return leaf_hash(
        fields(
            RECORD_V1,
            topic.encode(),
            b"%d" % partition,
            type.encode(),
            key or b"",
            b"%d" % line_count,
            line_root,
        )
    )


def record_id(record: Record) -> bytes:
    """Id of a record: 32 bytes."""
    return record.id


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
class PublicKey:
    """An Ed25519 public key (32 bytes) and what it may speak as, from `not_before` on."""

    key_id: str
    service: str
    role: Role
    public: bytes
    not_before: datetime
    not_after: datetime | None = None


class Signer:
    """A private key with the service and role it speaks as."""

    def __init__(self, service: str, role: Role, private: bytes) -> None:
        """Take the 32 bytes of an Ed25519 private key."""
        self._key = SigningKey(private)
        self.service = service
        self.role = role
        self.public = bytes(self._key.verify_key)
        self.key_id = key_id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self._key.sign(message).signature


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
            index, count = found["index"], found["count"]
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
        path = tuple(way[at : at + HASH_BYTES] for at in range(0, len(way), HASH_BYTES))
        return cls(key.hex(), signature, _number(index), _number(count), path, kind)


def _number(digits: bytes) -> int:
    """Read a decimal number that has one spelling only."""
    if not digits.isdigit() or len(digits) > len(b"%d" % MAX_RECORDS):
        raise BadProof
    number = int(digits)
    if b"%d" % number != digits or number > MAX_RECORDS:
        raise BadProof
    return number


class Roots:
    """Transactions whose signature was checked already, so that each is verified once.

    Remembered is everything that is signed, the signature and the key; the oldest is forgotten
    first.
    """

    def __init__(self, limit: int = REMEMBERED_ROOTS) -> None:
        """Remember at most `limit` transactions."""
        self._limit = limit
        self._seen: dict[tuple[bytes, bytes, int], PublicKey] = {}

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


def verify(signed: bytes, signature: bytes, public: bytes) -> None:
    """Check an Ed25519 signature. Raises BadProof."""
    try:
        VerifyKey(public).verify(signed, signature)
    except (CryptoError, ValueError, TypeError):
        raise BadProof from None


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
    tx_root = root_from_path(record.id, proof.index, proof.count, proof.path)
    if roots is None:
        signed = signed_bytes(key.service, key.role, key.key_id, proof.count, tx_root)
        verify(signed, proof.signature, key.public)
    else:
        roots.check(tx_root, proof.signature, proof.count, key)
    return record.id
