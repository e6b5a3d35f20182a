"""A witness's folder: its key, and of each log the last head that it signed.

Key and heads stand together on purpose. A witness whose heads were lost, or came back from a
backup, would sign a second history: whoever loses the folder has lost the key too, and begins
again under another one.
"""

import base64
import fcntl
import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from contracts.errors import BadLog
from contracts.merkle import EMPTY_ROOT
from contracts.signing import Signer
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.notes import COSIGNATURE, KEY_BYTES, VerifierKey, check_name, unbase64
from contracts.vocabulary import Role
from shared.durable import replace
from shared.settings import write_secret

KEY_FILE: Final = "key"
LOCK_FILE: Final = "lock"
HEADS: Final = "heads"
MARK: Final = "PRIVATE+KEY+"


class NoWitness(Exception):  # noqa: N818
    """The folder cannot be used as a witness's: the message says why."""


class Unreadable(Exception):  # noqa: N818
    """What was signed last is not known any more: nothing may be signed for this log."""


class Key:
    """The witness's name and private key."""

    def __init__(self, name: str, private: bytes) -> None:
        """Take the 32 bytes of an Ed25519 private key."""
        self.signer = Signer(name, Role.LOG, private)
        self.verifier = VerifierKey(check_name(name), self.signer.public, COSIGNATURE)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the folder's key. Raises NoWitness if there is none that can be read."""
        try:
            return cls._of((folder / KEY_FILE).read_text().strip())
        except FileNotFoundError:
            message = f"{folder} has no key: `expunge witness key` makes one"
            raise NoWitness(message) from None
        except (OSError, BadLog, ValueError):
            message = f"{folder / KEY_FILE} is no key of a witness"
            raise NoWitness(message) from None

    @classmethod
    def _of(cls, written: str) -> Self:
        """Read a key as `make` writes it. Raises BadLog, ValueError."""
        name, number, key = written.removeprefix(MARK).split("+", 2)
        raw = unbase64(key)
        made = cls(name, raw[1:])
        if (MARK, COSIGNATURE, number) != (written[: len(MARK)], raw[:1], made.verifier.id.hex()):
            raise BadLog
        return made

    @classmethod
    def make(cls, folder: Path, name: str) -> Self:
        """Make the folder's key, with mode 0600. Raises FileExistsError, BadLog for no name."""
        private = secrets.token_bytes(KEY_BYTES)
        made = cls(name, private)
        written = base64.b64encode(COSIGNATURE + private).decode()
        secret = f"{MARK}{name}+{made.verifier.id.hex()}+{written}\n"
        write_secret(folder / KEY_FILE, secret)
        return made


class Keeper:
    """Holds the folder for one process, and keeps what was signed last."""

    def __init__(self, folder: Path) -> None:
        """Take the folder. Raises NoWitness while another process has it."""
        self._heads = folder / HEADS
        self._lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            message = f"another witness works in {folder}"
            raise NoWitness(message) from None

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._lock)

    def last(self, origin: str) -> Checkpoint:
        """Give the last head that was signed for a log; the empty one if none was.

        Raises Unreadable if there is one that cannot be read: it is never taken for none.
        """
        try:
            head = Checkpoint.read(self._file(origin).read_bytes())
        except FileNotFoundError:
            return Checkpoint(origin, 0, EMPTY_ROOT)
        except (OSError, BadLog):
            raise Unreadable from None
        if head.origin != origin:
            raise Unreadable
        return head

    def keep(self, origin: str, note: bytes) -> None:
        """Keep a head; once this returns it stays, whatever happens to the machine."""
        replace(self._file(origin), note)

    def keep_other(self, origin: str, note: bytes) -> None:
        """Keep a head that contradicts the last one: both are signed, which proves it."""
        replace(self._file(origin).with_suffix(".other"), note)

    def _file(self, origin: str) -> Path:
        return self._heads / sha256(origin.encode()).hexdigest()
