"""What a backup says about itself: which databases, from when, how far each had read."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from shared.stack.errors import StackError

FILE: Final = "manifest.json"
FORMAT: Final = "expunge-backup/v1"
CLOCK_SKEW: Final = timedelta(minutes=5)
CHUNK: Final = 1 << 20


class BackupRefused(StackError):  # noqa: N818 - what we did with it
    """A backup cannot be used, or not now; the message says why and what to do."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(_Said):
    """How far a database had read one partition: everything before `next_offset` is in it."""

    topic: str
    partition: int
    next_offset: int


class Dump(_Said):
    """One database: its service (a verifier's is `newsletter_verifier`), its file, its digest."""

    service: str
    file: str
    bytes: int
    sha256: str
    taken_at: AwareDatetime
    server: str
    positions: tuple[Position, ...]


class Manifest(_Said):
    """A whole backup. It is written last: a folder without one is no backup."""

    format: Literal["expunge-backup/v1"] = FORMAT
    software: str
    namespace: str
    taken_at: AwareDatetime
    databases: tuple[Dump, ...]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a backup's manifest. Raises BackupRefused."""
        try:
            return cls.model_validate_json((folder / FILE).read_bytes())
        except OSError:
            message = f"{folder} holds no {FILE}: it is no backup, or one that was broken off."
        except ValidationError:
            message = f"{folder / FILE} is not the manifest of a backup that this version reads."
        raise BackupRefused(message)

    def write(self, folder: Path) -> None:
        """Write it in one step, readable by its owner only."""
        draft = folder / f".{FILE}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / FILE)

    def chosen(self, services: tuple[str, ...]) -> tuple[Dump, ...]:
        """Give the dumps of services and of their verifiers, all without names.

        Raises BackupRefused for a service that is not in it.
        """
        if not services:
            return self.databases
        wanted = {*services, *(f"{name}_verifier" for name in services)}
        found = tuple(dump for dump in self.databases if dump.service in wanted)
        if missing := sorted(set(services) - {dump.service for dump in found}):
            has = ", ".join(dump.service for dump in self.databases)
            message = f"The backup has no {', '.join(missing)}; it has {has}."
            raise BackupRefused(message)
        return found


def refuse_by_age(manifest: Manifest, now: datetime, horizon: timedelta) -> None:
    """Refuse a backup that is older than the topics can mend, or from the future.

    What was closed since is told again by `closed.v1`, which keeps it for `BACKUP_HORIZON` and 30
    days; and a certificate says that backups are gone after the horizon. Raises BackupRefused.
    """
    age = now - manifest.taken_at
    if age > horizon:
        message = (
            f"The backup is {age.days} days old, older than BACKUP_HORIZON ({horizon.days} days): "
            "certificates promise that such backups are gone, and the topics need not know any "
            "more whom it would bring back. Use a younger one, and delete this one."
        )
        raise BackupRefused(message)
    if age < -CLOCK_SKEW:
        message = "The backup is from the future: set this machine's clock, then try again."
        raise BackupRefused(message)


def refuse_by_bytes(folder: Path, dumps: tuple[Dump, ...]) -> None:
    """Refuse a backup whose files are not those it was made of. Raises BackupRefused."""
    for dump in dumps:
        path = folder / dump.file
        if Path(dump.file).name != dump.file or not path.is_file():
            message = f"{path} is missing: the backup is not whole."
            raise BackupRefused(message)
        if digest_of(path) != dump.sha256:
            message = f"{path} was changed since the backup was made: use another backup."
            raise BackupRefused(message)


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file's bytes in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
