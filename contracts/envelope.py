"""DSSE: a payload, its type and one Ed25519 signature (github.com/secure-systems-lab/dsse, v1.0).

The few lines here write and accept exactly one signature and nothing beside it.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import orjson

from contracts.errors import BadCertificate, BadInput, BadProof
from contracts.proof import PublicKey, Signer, verify
from contracts.strict_json import load_object

MAX_ENVELOPE_BYTES = 1024 * 1024

FindKey = Callable[[str], PublicKey | None]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Bytes that the signature is over: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def close_envelope(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """Sign a payload; gives the envelope as compact JSON."""
    signature = signer.sign(pae(payload_type, payload))
    return orjson.dumps(
        {
            "payload": _encoded(payload),
            "payloadType": payload_type,
            "signatures": [{"keyid": signer.key_id, "sig": _encoded(signature)}],
        }
    )


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


def _encoded(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode()


def _decoded(text: Any) -> bytes:
    """Read base64 of one spelling only."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise BadCertificate from None
    if _encoded(raw) != text:
        raise BadCertificate
    return raw
