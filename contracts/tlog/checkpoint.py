"""The signed head of a log (c2sp.org/tlog-checkpoint), and the proof that an entry is below it.

c2sp.org/tlog-proof@v1
index 4711
(a hash a line, in base64: the path from the leaf up)

(the checkpoint)
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from contracts.errors import BadLog
from contracts.merkle import HASH_BYTES, leaf_hash
from contracts.signing import Signer
from contracts.tlog.notes import check_name, open_note, sign_note, split_note, unbase64
from contracts.tlog.tiles import check_inclusion

PROOF_V1: Final = "c2sp.org/tlog-proof@v1"
MAX_INDEX: Final = 2**53 - 1
MAX_PATH: Final = 63
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: who it is, how many leaves, the root over them."""

    origin: str
    size: int
    root: bytes

    def sign(self, signer: Signer) -> bytes:
        """Sign as the log's origin; gives the note. Raises BadLog if the origin is no name."""
        text = f"{check_name(self.origin)}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
        return sign_note(text, self.origin, signer)

    @classmethod
    def read(cls, note: bytes) -> Self:
        """Read a checkpoint; nothing is verified. Raises BadLog.

        Lines after the third are extensions, which nobody can audit: none is accepted.
        """
        origin, *lines = split_note(note)[0].removesuffix("\n").split("\n")
        if len(lines) != _LINES - 1:
            raise BadLog
        head = cls(check_name(origin), number(lines[0]), unbase64(lines[1]))
        if len(head.root) != HASH_BYTES:
            raise BadLog
        return head

    @classmethod
    def open(cls, note: bytes, *keys: bytes) -> Self:
        """Read a checkpoint that one of these keys signed as its origin. Raises BadLog."""
        head = cls.read(note)
        for public in keys:
            try:
                open_note(note, head.origin, public)
            except BadLog:
                continue
            return head
        raise BadLog


class LogProof(NamedTuple):
    """What shows that an entry is in the log: its index, the path, the checkpoint as signed."""

    at: int
    way: Sequence[bytes]
    checkpoint: bytes

    def text(self) -> str:
        """Write it as c2sp.org/tlog-proof."""
        way = "".join(base64.b64encode(one).decode() + "\n" for one in self.way)
        return f"{PROOF_V1}\nindex {self.at}\n{way}\n{self.checkpoint.decode()}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a proof; nothing is verified, extra data is passed over. Raises BadLog."""
        head, found, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if lines and lines[0].startswith("extra "):
            unbase64(lines.pop(0).removeprefix("extra "))
        if first != PROOF_V1 or not found or not 0 < len(lines) <= MAX_PATH + 1:
            raise BadLog
        word, _, index = lines[0].partition(" ")
        way = [unbase64(line) for line in lines[1:]]
        if word != "index" or any(len(one) != HASH_BYTES for one in way):
            raise BadLog
        return cls(number(index), way, note.encode())

    def check(self, entry: bytes, public: bytes) -> Checkpoint:
        """Check that the log with this key has the entry; gives the head. Raises BadLog."""
        head = Checkpoint.open(self.checkpoint, public)
        check_inclusion(leaf_hash(entry), self.at, (head.size, head.root), self.way)
        return head


def number(text: str) -> int:
    """Read a decimal number of one spelling, at most 2**53 - 1. Raises BadLog."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(MAX_INDEX)):
        raise BadLog
    if (text != "0" and text.startswith("0")) or int(text) > MAX_INDEX:
        raise BadLog
    return int(text)
