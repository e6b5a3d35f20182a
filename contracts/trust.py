"""Whose word counts: `trust.json`, a list of keys in a DSSE envelope signed by the root key.

An installation is configured with one such file; whoever checks a certificate pins the root key.
What changes later reaches readers over the topic (`key-published`, `key-retired`, `key-revoked`)
and the next `trust.json`.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, Self, TypeAlias

import orjson
from pydantic import ValidationError, model_validator

from contracts.envelope import close_envelope, pae, unpack
from contracts.errors import BadInput, BadTrust
from contracts.fields import Frozen, KeyId, Places, Sha256, Time
from contracts.proof import PublicKey, Signer, key_id_of, verify
from contracts.register import KeyPublished, KeyRetired, KeyRevoked
from contracts.topics import ROOT
from contracts.vocabulary import Role, ServiceName

PAYLOAD_TYPE = "application/vnd.expunge.trust+json"
KeyNews: TypeAlias = KeyPublished | KeyRetired | KeyRevoked


class TrustedKey(Frozen):
    """A key and what it may speak as, from `not_before` to `not_after` (None: no end yet).

    `public_key` is the Ed25519 public key, 32 bytes in hex; `revoked_from` of a revoked key the
    places where it is not believed any more.
    """

    key_id: KeyId
    service: ServiceName
    role: Role
    public_key: Sha256
    not_before: Time
    not_after: Time | None = None
    revoked_from: Places | None = None

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
            revoked_from=None if self.revoked_from is None else _places(self.revoked_from),
        )


Revoked: TypeAlias = tuple[tuple[str, int, int], ...]


def _places(places: Places) -> Revoked:
    return tuple(sorted((place.topic, place.partition, place.offset) for place in places))


def _earlier(one: Revoked, other: Revoked) -> Revoked:
    """Join two revocations: a place that only one names ends the key there from the start."""
    left, right = ({place[:2]: place[2] for place in places} for places in (one, other))
    both = left.keys() & right.keys()
    return tuple(sorted((*name, min(left[name], right[name])) for name in both))


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
        said = self.model_dump(mode="json")
        for key in said["keys"]:  # as it was written before there were revocations
            if key["revoked_from"] is None:
                del key["revoked_from"]
        return close_envelope(PAYLOAD_TYPE, orjson.dumps(said), root)

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
    """The keys a process knows: those of `trust.json`, and what was published since.

    The order in which things are learnt does not matter: the earliest end and the earliest place
    of a key count.
    """

    def __init__(self, trust: Trust) -> None:
        """Begin with the root key and the keys it signed."""
        root = bytes.fromhex(trust.root)
        self._keys = {key.key_id: key.public() for key in trust.keys}
        self._keys[key_id_of(root)] = PublicKey(
            key_id_of(root), ROOT, Role.ROOT, root, datetime.min.replace(tzinfo=UTC)
        )
        self._ends: dict[str, datetime] = {}
        self._revoked: dict[str, Revoked] = {}

    def find(self, key_id: str) -> PublicKey | None:
        """Return the key with this id, if it is known."""
        return self._keys.get(key_id)

    def learn(self, message: KeyNews) -> None:
        """Add a published key, or the end of one, once its record's root signature was checked.

        Raises BadTrust if the id is not of these bytes, the key claims to be a root, or the same
        key spoke as somebody else before: a key never changes what it may speak as. The root key
        has no end.
        """
        if isinstance(message, KeyPublished):
            self._add(message)
        elif self._is_root(message.key_id):
            raise BadTrust
        elif isinstance(message, KeyRetired):
            known = self._ends.setdefault(message.key_id, message.not_after)
            self._ends[message.key_id] = min(known, message.not_after)
        else:
            places = _places(message.places)
            before = self._revoked.get(message.key_id)
            self._revoked[message.key_id] = places if before is None else _earlier(before, places)
        self._end(message.key_id)

    def _is_root(self, key_id: str) -> bool:
        known = self._keys.get(key_id)
        return known is not None and known.role is Role.ROOT

    def _end(self, key_id: str) -> None:
        """Put what was learnt of a key's end into the key, if it is known by now."""
        key = self._keys.get(key_id)
        if key is None:
            return
        end, places = self._ends.get(key_id), self._revoked.get(key_id)
        if end is not None:
            key = replace(key, not_after=min(end, key.not_after or end))
        if places is not None:
            known = places if key.revoked_from is None else key.revoked_from
            key = replace(key, revoked_from=_earlier(known, places))
        self._keys[key_id] = key

    def _add(self, message: KeyPublished) -> None:
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
