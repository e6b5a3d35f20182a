"""DSSE: a payload, its type and one Ed25519 signature (github.com/secure-systems-lab/dsse, v1.0).

Made with securesystemslib, so that keys may live in its back ends; read by the few lines here,
which accept exactly one signature and nothing beside it.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import orjson
from securesystemslib.dsse import Envelope
from securesystemslib.signer import (  # type: ignore[attr-defined] # typed, exports unmarked
    Key,
    SecretsHandler,
    Signature,
)
from securesystemslib.signer import Signer as AnySigner  # type: ignore[attr-defined]

from contracts.errors import BadCertificate, BadInput, BadProof
from contracts.proof import PublicKey, Signer, verify
from contracts.strict_json import load_object

MAX_ENVELOPE_BYTES = 1024 * 1024

FindKey = Callable[[str], PublicKey | None]


class _Adapter(AnySigner):
    """Our signer as securesystemslib expects one."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    @property
    def public_key(self) -> Key:
        raise NotImplementedError

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> AnySigner:
        raise NotImplementedError

    def sign(self, payload: bytes) -> Signature:
        return Signature(self._signer.key_id, self._signer.sign(payload).hex())


def pae(payload_type: str, payload: bytes) -> bytes:
    """Bytes that the signature is over: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def close_envelope(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """Sign a payload; gives the envelope as compact JSON."""
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(_Adapter(signer))
    return orjson.dumps(envelope.to_dict())


def unpack(data: bytes, payload_type: str) -> tuple[bytes, str, bytes]:
    """Take an envelope apart, checking nothing but its layout: payload, key id, signature.

    Raises BadCertificate.
    """
    try:
        envelope = load_object(data, MAX_ENVELOPE_BYTES)
        (signature,) = envelope["signatures"]
        if (
            envelope.keys() != {"payload", "payloadType", "signatures"}
            or signature.keys() != {"keyid", "sig"}
            or envelope["payloadType"] != payload_type
            or not isinstance(signature["keyid"], str)
        ):
            raise BadCertificate
        return _decoded(envelope["payload"]), signature["keyid"], _decoded(signature["sig"])
    except (BadInput, KeyError, TypeError, AttributeError, ValueError):
        raise BadCertificate from None


def open_envelope(data: bytes, payload_type: str, find: FindKey) -> tuple[bytes, PublicKey]:
    """Check an envelope of this payload type; gives the payload and the key that signed it.

    Raises BadCertificate if it is laid out differently, BadProof if `find` does not know the
    key id or the signature does not hold.
    """
    payload, key_id, signature = unpack(data, payload_type)
    key = find(key_id)
    if key is None:
        raise BadProof
    verify(pae(payload_type, payload), signature, key.public)
    return payload, key


def _decoded(text: Any) -> bytes:
    """Read base64 of one spelling only."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise BadCertificate from None
    if base64.b64encode(raw).decode() != text:
        raise BadCertificate
    return raw
