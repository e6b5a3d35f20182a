"""Ed25519 keys (RFC 8032): who may sign with them, signing, verifying."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from contracts.errors import BadProof
from contracts.vocabulary import Role

SIGNATURE_BYTES = 64
KEY_ID_BYTES = 16


def key_id_of(public: bytes) -> str:
    """Id of a public key: the first 16 bytes of its SHA-256, in hex."""
    return sha256(public).hexdigest()[: 2 * KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key (32 bytes) and what it may speak as, from `not_before` on.

    `revoked_from` of a revoked key: (topic, partition, offset) of the first place in each
    partition where it is not believed.
    """

    key_id: str
    service: str
    role: Role
    public: bytes
    not_before: datetime
    not_after: datetime | None = None
    revoked_from: tuple[tuple[str, int, int], ...] | None = None

    def speaks_at(self, topic: str, partition: int, offset: int) -> bool:
        """Say whether it is believed at a place; where a revocation names none, it is not."""
        return self.revoked_from is None or any(
            (topic, partition) == place[:2] and offset < place[2] for place in self.revoked_from
        )


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


def verify(signed: bytes, signature: bytes, public: bytes) -> None:
    """Check an Ed25519 signature. Raises BadProof."""
    try:
        VerifyKey(public).verify(signed, signature)
    except (CryptoError, ValueError, TypeError):
        raise BadProof from None
