"""Files that are in place at once, or not at all, also after a power cut."""

import os
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Put a file in place: no reader sees half of it, and once this returns it stays.

    The content is on the disk before its name is, and the name before this returns.
    """
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    for folder in dict.fromkeys((path.parent, *(one.parent for one in made))):
        _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
