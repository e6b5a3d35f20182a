"""Whose word counts: `trust.json`, a list of keys in a DSSE envelope signed by the root key.

An installation is configured with one such file; whoever checks a certificate pins the root key.
Keys published later reach readers over the topic (`key-published`) and the next `trust.json`.
"""

from datetime import UTC, datetime
from typing import Literal, Self

import orjson
from pydantic import ValidationError, model_validator

from contracts.envelope import close_envelope, pae, unpack
from contracts.errors import BadInput, BadTrust
from contracts.fields import Frozen, KeyId, Sha256, Time
from contracts.proof import PublicKey, Signer, key_id_of, verify
from contracts.register import KeyPublished
from contracts.topics import ROOT
from contracts.vocabulary import Role, ServiceName

PAYLOAD_TYPE = "application/vnd.expunge.trust+json"


class TrustedKey(Frozen):
    """A key and what it may speak as, from `not_before` to `not_after` (None: no end yet).

    `public_key` is the Ed25519 public key, 32 bytes in hex.
    """

    key_id: KeyId
    service: ServiceName
    role: Role
    public_key: Sha256
    not_before: Time
    not_after: Time | None = None

    @model_validator(mode="after")
    def _is_named_after_its_bytes(self) -> Self:
        named = key_id_of(bytes.fromhex(self.public_key))
        if self.key_id != named or self.role is Role.ROOT or self.service == ROOT:
            raise ValueError
        return self

    def public(self) -> PublicKey:
        """Return the same as a value for checking proofs."""
        return PublicKey(
            key_id=self.key_id,
            service=self.service,
            role=self.role,
            public=bytes.fromhex(self.public_key),
            not_before=self.not_before,
            not_after=self.not_after,
        )


class Trust(Frozen):
    """What the root key signed: itself, and the keys of services and verifiers."""

    format: Literal["expunge-trust/v1"] = "expunge-trust/v1"
    root: Sha256
    keys: tuple[TrustedKey, ...]

    @model_validator(mode="after")
    def _names_each_key_once(self) -> Self:
        ids = {key.key_id for key in self.keys}
        if len(ids) != len(self.keys):
            raise ValueError
        return self

    def to_json(self, root: Signer) -> bytes:
        """Sign with the root key; gives the bytes of `trust.json`."""
        if root.public.hex() != self.root or root.role is not Role.ROOT:
            raise BadTrust
        return close_envelope(PAYLOAD_TYPE, orjson.dumps(self.model_dump(mode="json")), root)

    @classmethod
    def from_json(cls, data: bytes, *, root: bytes | None = None) -> Self:
        """Read `trust.json`. With `root` (32 bytes) pinned, only that key's signature counts.

        Without it the file vouches for itself: right for a file that an operator configured.
        Raises BadTrust.
        """
        try:
            payload, key_id, signature = unpack(data, PAYLOAD_TYPE)
            trust = cls.model_validate_json(payload, strict=True)
            claimed = bytes.fromhex(trust.root)
            if (root is not None and root != claimed) or key_id != key_id_of(claimed):
                raise BadTrust
            verify(pae(PAYLOAD_TYPE, payload), signature, claimed)
        except (BadInput, ValidationError):
            raise BadTrust from None
        return trust


class KeyRing:
    """The keys a process knows: those of `trust.json`, and those published since."""

    def __init__(self, trust: Trust) -> None:
        """Begin with the root key and the keys it signed."""
        root = bytes.fromhex(trust.root)
        self._keys = {key.key_id: key.public() for key in trust.keys}
        self._keys[key_id_of(root)] = PublicKey(
            key_id_of(root), ROOT, Role.ROOT, root, datetime.min.replace(tzinfo=UTC)
        )

    def find(self, key_id: str) -> PublicKey | None:
        """Return the key with this id, if it is known."""
        return self._keys.get(key_id)

    def learn(self, message: KeyPublished) -> None:
        """Add a published key, once its record's root signature was checked.

        Raises BadTrust if the id is not of these bytes, the key claims to be a root, or the same
        key spoke as somebody else before: a key never changes what it may speak as.
        """
        public = bytes.fromhex(message.public_key)
        known = self._keys.get(message.key_id)
        if (
            message.key_id != key_id_of(public)
            or message.role is Role.ROOT
            or message.service == ROOT
            or (
                known is not None and (known.service, known.role) != (message.service, message.role)
            )
        ):
            raise BadTrust
        if known is None:
            self._keys[message.key_id] = PublicKey(
                message.key_id, message.service, message.role, public, message.not_before
            )
