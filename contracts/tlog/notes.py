"""Text signed by named keys (c2sp.org/signed-note), with Ed25519.

text, ending in a line feed
(an empty line)
— name base64(key id, 4 bytes || signature)

The key id says which key signed and how; it is a name, and too short to be more.
"""

import base64
import binascii
from hashlib import sha256
from typing import Final

from contracts.errors import BadLog, BadProof
from contracts.signing import Signer, verify

MAX_NOTE_BYTES: Final = 64 * 1024
ED25519: Final = b"\x01"
_DASH: Final = "\N{EM DASH} "


def check_name(name: str) -> str:
    """Give the name back if a key may have it. Raises BadLog."""
    if not name or "+" in name or name.split() != [name] or not name.isprintable():
        raise BadLog
    return name


def key_id(name: str, public: bytes) -> bytes:
    """First four bytes of SHA-256 over name, line feed, signature type and public key."""
    return sha256(check_name(name).encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """Write a key as Go's `note` package and witnesses read it: `name+key id+key`."""
    written = base64.b64encode(ED25519 + public).decode()
    return f"{name}+{key_id(name, public).hex()}+{written}"


def sign_note(text: str, name: str, signer: Signer) -> bytes:
    """Sign a text that ends in a line feed. Raises BadLog if it is none."""
    _check(text)
    signature = key_id(name, signer.public) + signer.sign(text.encode())
    return f"{text}\n{_DASH}{name} {base64.b64encode(signature).decode()}\n".encode()


def open_note(note: bytes, name: str, public: bytes) -> str:
    """Give the text of a note that this key signed; signatures of others are passed over.

    Raises BadLog.
    """
    text, signatures = split_note(note)
    mine = [raw[4:] for by, raw in signatures if (by, raw[:4]) == (name, key_id(name, public))]
    try:
        for signature in mine:
            verify(text.encode(), signature, public)
    except BadProof:
        raise BadLog from None
    if not mine:
        raise BadLog
    return text


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Take a note apart, checking nothing but its layout: text; names, key ids and signatures.

    Raises BadLog.
    """
    try:
        whole = note.decode()
        text, found, below = whole.rpartition("\n\n")
        if len(note) > MAX_NOTE_BYTES or not found or not below.endswith("\n"):
            raise BadLog
        _check(text + "\n")
        return text + "\n", [_signature(line) for line in below[:-1].split("\n")]
    except (UnicodeDecodeError, ValueError):
        raise BadLog from None


def _signature(line: str) -> tuple[str, bytes]:
    dash, found, rest = line.partition(_DASH)
    name, space, written = rest.partition(" ")
    if dash or not found or not space:
        raise BadLog
    return check_name(name), unbase64(written)


def _check(text: str) -> None:
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise BadLog


def unbase64(text: str) -> bytes:
    """Read base64 of one spelling only. Raises BadLog."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadLog from None
    if base64.b64encode(raw).decode() != text:
        raise BadLog
    return raw
