"""What a leaf of the log is: one byte for its kind, 32 bytes of SHA-256. Nothing about anybody.

Every transaction with a record on `erasure.v1` is one leaf, over the bytes that its signature is
over, however many lines it told. Every certificate is one, over the envelope's bytes: the digest
that `erasure-certified` carries. So whoever reads the topic can work out every leaf.
"""

from collections.abc import Iterable
from enum import Enum
from hashlib import sha256
from typing import Final

from contracts.errors import BadLog
from contracts.merkle import leaf_hash, root_from_path
from contracts.proof import Proof, PublicKey, signed_bytes

ENTRY_BYTES: Final = 33
_LENGTH: Final = ENTRY_BYTES.to_bytes(2, "big")
STORED_BYTES: Final = len(_LENGTH) + ENTRY_BYTES


class Kind(bytes, Enum):
    """The first byte of an entry."""

    TRANSACTION = b"\x01"
    CERTIFICATE = b"\x02"


def of_transaction(record_id: bytes, proof: Proof, key: PublicKey) -> bytes:
    """Entry of the transaction that a proven record belongs to, whichever of its records it is.

    Raises BadProof if the path is not one.
    """
    top = root_from_path(record_id, proof.index, proof.count, proof.siblings)
    signed = signed_bytes(key.service, key.role, key.key_id, proof.count, top)
    return Kind.TRANSACTION.value + sha256(signed).digest()


def of_certificate(digest: bytes) -> bytes:
    """Entry of a certificate with this SHA-256 of its envelope."""
    return Kind.CERTIFICATE.value + digest


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Write entries as a bundle: each after its length in two bytes (tlog-tiles, Log entries)."""
    return b"".join(_LENGTH + entry for entry in entries)


def split_entries(bundle: bytes) -> list[bytes]:
    """Read a bundle of ours. Raises BadLog if an entry is none."""
    found = [bundle[at : at + STORED_BYTES] for at in range(0, len(bundle), STORED_BYTES)]
    if any(len(one) != STORED_BYTES or not one.startswith(_LENGTH) for one in found):
        raise BadLog
    return [one[len(_LENGTH) :] for one in found]


def tile_of_bundle(bundle: bytes) -> bytes:
    """Hash the entries of a bundle to the tile of level 0 that stands above it. Raises BadLog."""
    return b"".join(map(leaf_hash, split_entries(bundle)))
