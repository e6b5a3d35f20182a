"""The public log around a restore: whoever copied it before must find the same one afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint
from contracts.trust import Trust
from services.erasure.audit.entries import Unreadable
from services.erasure.audit.heading import opened
from services.erasure.audit.published import CHECKPOINT, Published

OK: Final = 200
TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the published log: its head, and every other file by its path."""

    head: Checkpoint
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, folder: Path) -> "Copy | None":
        """Read a folder; None where nothing is published yet. Raises BadLog."""
        if not (folder / CHECKPOINT).exists():
            return None
        head = Checkpoint.read((folder / CHECKPOINT).read_bytes())
        found = [path for path in (folder / "tile").rglob("*") if path.is_file()]
        files = [path for path in found if not path.name.startswith(".")]  # a draft is no file yet
        return cls(head, {str(path.relative_to(folder)): path.read_bytes() for path in files})

    def is_served(self, address: str) -> bool:
        """Say whether an address serves every file with the same bytes."""
        with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            for path, content in self.files.items():
                answer = client.get(f"{address}/{path}")
                if (answer.status_code, answer.content) != (OK, content):
                    return False
        return bool(self.files)

    def goes_on(self, address: str, keys: Trust) -> bool:
        """Say whether the head that an address shows is signed and holds this one."""
        log = Published(address)
        try:
            now = opened(log.note(), keys)
            log.check_growth(self.head, now)
        except (BadLog, Unreadable):
            return False
        finally:
            log.close()
        return now.origin == self.head.origin
