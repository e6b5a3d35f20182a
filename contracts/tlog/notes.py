"""Text signed by named keys (c2sp.org/signed-note), with Ed25519.

text, ending in a line feed
(an empty line)
— name base64(key id, 4 bytes || signature)

The key id says which key signed and how; it is a name, and too short to be more.
"""

import base64
import binascii
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple, Self

from contracts.errors import BadLog, BadProof
from contracts.signing import Signer, verify

MAX_NOTE_BYTES: Final = 64 * 1024
ED25519: Final = b"\x01"
COSIGNATURE: Final = b"\x04"  # Ed25519 over a head and a time (c2sp.org/tlog-cosignature)
KEY_BYTES: Final = 32
_DASH: Final = "\N{EM DASH} "


def check_name(name: str) -> str:
    """Give the name back if a key may have it. Raises BadLog."""
    if not name or "+" in name or name.split() != [name] or not name.isprintable():
        raise BadLog
    return name


def key_id(name: str, public: bytes, kind: bytes = ED25519) -> bytes:
    """First four bytes of SHA-256 over name, line feed, signature type and public key."""
    return sha256(check_name(name).encode() + b"\n" + kind + public).digest()[:4]


class VerifierKey(NamedTuple):
    """A public key, 32 bytes, with the name and the type of signature that it is known by."""

    name: str
    public: bytes
    kind: bytes = ED25519

    @property
    def id(self) -> bytes:
        """The four bytes that its signatures begin with."""
        return key_id(self.name, self.public, self.kind)

    @property
    def mark(self) -> tuple[str, bytes]:
        """How its signatures are told from those of others."""
        return self.name, self.id

    def __str__(self) -> str:
        """Write it as Go's `note` package and witnesses read it: `name+key id+key`."""
        written = base64.b64encode(self.kind + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{written}"

    @classmethod
    def read(cls, text: str, kind: bytes = ED25519) -> Self:
        """Read what it writes. Raises BadLog, also for a key of another kind."""
        name, *rest = text.split("+", 2)  # base64 may have a plus sign, a name may not
        if len(rest) != len(("id", "key")):
            raise BadLog
        raw = unbase64(rest[1])
        key = cls(check_name(name), raw[1:], raw[:1])
        if key.kind != kind or len(key.public) != KEY_BYTES or key.id.hex() != rest[0]:
            raise BadLog
        return key


def sign_note(text: str, name: str, signer: Signer) -> bytes:
    """Sign a text that ends in a line feed. Raises BadLog if it is none."""
    _check(text)
    line = signature_line(VerifierKey(name, signer.public), signer.sign(text.encode()))
    return f"{text}\n{line}".encode()


def add_signatures(note: bytes, lines: Iterable[str]) -> bytes:
    """Put signature lines, with their line ends, below a note, each once."""
    below = note.decode().rpartition("\n\n")[2].splitlines(keepends=True)
    return note + "".join(line for line in dict.fromkeys(lines) if line not in below).encode()


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """Write a line that goes below a note."""
    return f"{_DASH}{key.name} {base64.b64encode(key.id + signature).decode()}\n"


def open_note(note: bytes, name: str, public: bytes) -> str:
    """Give the text of a note that this key signed; signatures of others are passed over.

    Raises BadLog.
    """
    text, signatures = split_note(note)
    mark = VerifierKey(name, public).mark
    mine = [raw[4:] for by, raw in signatures if (by, raw[:4]) == mark]
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
