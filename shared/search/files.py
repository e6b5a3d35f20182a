"""Search the files of a folder that somebody is writing: logs, a server's data directory."""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.search.places import Found


def in_files(folder: Path, markers: Sequence[str], *, exact: bool = False) -> list[Found]:
    """Count the markers' UTF-8 bytes in every file below a folder; files may come and go.

    The place is the file's path below the folder. Case is ignored, for which a file is read as a
    whole; `exact`: it is not, for files of any size. Raises PermissionError where it may not read.
    """
    wanted = [marker.encode() if exact else marker.lower().encode() for marker in markers]
    found = []
    for path in sorted(_files(folder)):
        count = _count(path, wanted, exact=exact)
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


def _count(path: Path, wanted: Sequence[bytes], *, exact: bool) -> int:
    try:
        if not exact:
            content = path.read_bytes().lower()
            return sum(content.count(one) for one in wanted)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            return sum(_occurrences(mapped, one) for one in wanted)
    except (FileNotFoundError, ValueError):  # gone meanwhile, or empty: nothing to map
        return 0


def _occurrences(content: mmap.mmap, one: bytes) -> int:
    count, at = 0, content.find(one)
    while at >= 0:
        count, at = count + 1, content.find(one, at + 1)
    return count
