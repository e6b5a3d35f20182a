"""Search the bytes of a folder that a server is writing, such as PostgreSQL's data directory."""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.search.places import Found


def in_bytes(folder: Path, markers: Sequence[str]) -> list[Found]:
    """Count each marker's UTF-8 bytes in every file below a folder; files may come and go.

    The place is the file's path below the folder. Raises PermissionError where it may not read.
    """
    wanted = [marker.encode() for marker in markers]
    found = []
    for path in sorted(_files(folder)):
        count = _count(path, wanted)
        if count:
            found.append(Found(str(path.relative_to(folder)), count))
    return found


def _files(folder: Path) -> Iterator[Path]:
    """List the files; a folder that may not be read raises instead of counting as empty."""
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            try:
                yield from _files(one)
            except FileNotFoundError:  # a database was dropped meanwhile
                continue
        elif one.is_file():
            yield one


def _count(path: Path, wanted: Sequence[bytes]) -> int:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as content:
            return sum(_occurrences(content, one) for one in wanted)
    except (FileNotFoundError, ValueError):  # gone meanwhile, or empty: nothing to map
        return 0


def _occurrences(content: mmap.mmap, one: bytes) -> int:
    count, at = 0, content.find(one)
    while at >= 0:
        count, at = count + 1, content.find(one, at + 1)
    return count
