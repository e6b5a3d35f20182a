"""What a witness says of a head (c2sp.org/tlog-cosignature): it saw it, and no other history.

A line below the head, as a note's signatures are. It is over the head's text and the time (seconds
since 1970) at which the witness saw it:

cosignature/v1
time 1679315147
(the head's text)
"""

import base64
from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from contracts.errors import BadLog, BadProof
from contracts.merkle import HASH_BYTES
from contracts.signing import Signer, verify
from contracts.tlog.checkpoint import MAX_PATH, number
from contracts.tlog.notes import (
    COSIGNATURE,
    VerifierKey,
    signature_line,
    split_note,
    unbase64,
)

TIME_BYTES: Final = 8
MAX_TIME: Final = 2**63 - 1
HEADER: Final = "cosignature/v1"
MAX_REQUEST_BYTES: Final = 128 * 1024


def cosign(note: bytes, name: str, signer: Signer, at: int) -> str:
    """Sign a head as a witness that saw it at `at`; gives the line. Raises BadLog for no note."""
    signature = signer.sign(_signed(split_note(note)[0], at))
    key = VerifierKey(name, signer.public, COSIGNATURE)
    return signature_line(key, at.to_bytes(TIME_BYTES, "big") + signature)


def cosigned_at(note: bytes, key: VerifierKey) -> int:
    """Give when a witness saw this head: the latest time that it signed. Raises BadLog if never.

    One line of its own that does not hold spoils the note.
    """
    text, signatures = split_note(note)
    found = [_time(text, raw, key) for name, raw in signatures if (name, raw[:4]) == key.mark]
    if not found:
        raise BadLog
    return max(found)


def line_of(note: bytes, answer: bytes, key: VerifierKey) -> tuple[str, int]:
    """Take a witness's own line out of what it answered, and its time. Raises BadLog.

    Lines of keys that nobody asked about are passed over, as the specification wants.
    """
    text, lines = split_note(split_note(note)[0].encode() + b"\n" + answer)
    mine = [raw[4:] for name, raw in lines if (name, raw[:4]) == key.mark]
    if not mine:
        raise BadLog
    return signature_line(key, mine[0]), _time(text, key.id + mine[0], key)


def _time(text: str, raw: bytes, key: VerifierKey) -> int:
    """Check one cosignature; gives its time. Raises BadLog."""
    at = int.from_bytes(raw[4 : 4 + TIME_BYTES], "big")
    try:
        if at > MAX_TIME:
            raise BadLog
        verify(_signed(text, at), raw[4 + TIME_BYTES :], key.public)
    except BadProof:
        raise BadLog from None
    return at


def _signed(text: str, at: int) -> bytes:
    return f"{HEADER}\ntime {at}\n{text}".encode()


class AddCheckpoint(NamedTuple):
    """What a log asks of a witness (c2sp.org/tlog-witness): its head, and the way from the last.

    `old` is the size that the witness saw last, `way` the proof of consistency from there.
    """

    old: int
    way: Sequence[bytes]
    checkpoint: bytes

    def body(self) -> bytes:
        """Write the request's body."""
        way = "".join(base64.b64encode(one).decode() + "\n" for one in self.way)
        return f"old {self.old}\n{way}\n".encode() + self.checkpoint

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read a request's body; nothing is verified. Raises BadLog."""
        above, found, note = body.partition(b"\n\n")
        if len(body) > MAX_REQUEST_BYTES or not found or not above.isascii():
            raise BadLog
        first, *lines = above.decode("ascii").split("\n")
        word, space, old = first.partition(" ")
        way = [unbase64(line) for line in lines]
        if (word, space) != ("old", " ") or len(way) > MAX_PATH:
            raise BadLog
        if any(len(one) != HASH_BYTES for one in way):
            raise BadLog
        return cls(number(old), way, note)
