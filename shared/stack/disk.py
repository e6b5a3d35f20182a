"""Free disk space: said before it is used, and asked for before it runs out."""

import shutil
from pathlib import Path

from shared.stack.errors import NoSpace

MIB = 1024 * 1024
SETUP_MIB = 48  # the broker's jars
STATE_MIB = 512  # an empty broker and an empty PostgreSQL with room for their logs to turn over


def free_mib(folder: Path) -> int:
    """Return the free space of the disk that holds `folder` (or its nearest existing parent)."""
    here = folder.absolute()
    while not here.exists():
        here = here.parent
    return shutil.disk_usage(here).free // MIB


def require_space(folder: Path, needed_mib: int, what: str) -> None:
    """Raise NoSpace with a sentence unless `needed_mib` are free for `what` under `folder`."""
    free = free_mib(folder)
    if free < needed_mib:
        msg = (
            f"{what} needs {needed_mib} MiB under {folder}, but only {free} MiB are free: "
            "make room there, or choose another disk with EXPUNGE_STATE or EXPUNGE_CACHE."
        )
        raise NoSpace(msg)
