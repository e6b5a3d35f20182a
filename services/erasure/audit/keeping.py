"""What an auditor keeps between two looks: the newest head it believes, and where the topic ended.

A file of the auditor's own, never the ledger's: it is what a cut or rewritten history is held
against. It is replaced at once and on the disk before anybody relies on it.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from contracts.errors import BadLog
from contracts.fields import MAX_PARTITIONS, Count, Frozen, Sha256
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.notes import MAX_NOTE_BYTES
from shared.crash import crash
from shared.durable import replace

KEPT: Final = "kept.json"
LOCK: Final = "lock"
_NOT_OURS: Final = "{} was not written by `expunge audit watch`: name another folder."
_TAKEN: Final = "Another `expunge audit watch` works in {}."
_OTHER_ROOT: Final = "{} was kept under another root key: name another folder."


class Unusable(Exception):  # noqa: N818 - it says what to do
    """The folder cannot be used. The argument is one of our own sentences."""


class Seen(Frozen):
    """How far a partition was read, and the SHA-256 over everything before."""

    end: Count
    sha256: Sha256


class Kept(Frozen):
    """What the last look left. `head` is the signed checkpoint as text."""

    format: Literal["expunge-watch/v1"] = "expunge-watch/v1"
    root: Sha256
    head: Annotated[str, Field(max_length=MAX_NOTE_BYTES)] | None = None
    partitions: Annotated[tuple[Seen, ...], Field(max_length=MAX_PARTITIONS)] = ()

    def checkpoint(self) -> Checkpoint | None:
        """Read the head; it was opened before it was kept."""
        return None if self.head is None else Checkpoint.read(self.head.encode())


@dataclass(frozen=True, slots=True)
class Folder:
    """The auditor's folder, which nobody else works in."""

    path: Path

    def load(self, root: str) -> Kept:
        """Read what was kept; nothing before the first look. Raises Unusable."""
        file = self.path / KEPT
        try:
            kept = Kept.model_validate_json(file.read_bytes(), strict=True)
            kept.checkpoint()
        except FileNotFoundError:
            return Kept(root=root)
        except (OSError, ValidationError, BadLog):
            raise Unusable(_NOT_OURS.format(file)) from None
        if kept.root != root:
            raise Unusable(_OTHER_ROOT.format(file))
        return kept

    def keep(self, kept: Kept) -> None:
        """Put this in the place of what was kept."""
        crash("watch:before-kept")
        replace(self.path / KEPT, kept.model_dump_json(indent=2).encode() + b"\n")

    def keep_evidence(self, note: bytes) -> None:
        """Keep a head that contradicts the kept one: two signatures nobody can take back."""
        replace(self.path / f"contradiction-{sha256(note).hexdigest()[:16]}", note)


@contextmanager
def folder_of_our_own(path: Path) -> Iterator[Folder]:
    """Make the folder and keep others out. Raises Unusable."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with (path / LOCK).open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Unusable(_TAKEN.format(path)) from None
            yield Folder(path)
    except (FileExistsError, NotADirectoryError, PermissionError):
        raise Unusable(_NOT_OURS.format(path)) from None
