"""The log as files that any web server can serve: tiles first, then the head over them.

A published head is over nothing but committed rows, and over no certificate that the topic does not
name; a folder never goes back to an older one.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from contracts.errors import BadLog
from contracts.merkle import HASH_BYTES
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import STORED_BYTES, split_entries, tile_of_bundle
from contracts.tlog.notes import add_signatures
from contracts.tlog.tiles import HEIGHT, WIDTH, Tile, path_of, width_of
from services.erasure.log import store
from services.erasure.log.cosignatures import shown_note
from shared.crash import crash
from shared.database import Transaction
from shared.durable import replace

CHECKPOINT: Final = "checkpoint"
TILES_AT_ONCE: Final = 100


class AnotherLog(Exception):  # noqa: N818 - it says what the folder holds
    """The folder holds the files of another log than this one."""


def published(folder: Path, keys: Iterable[bytes]) -> Checkpoint | None:
    """Read the head in a folder; None if there is none. Raises BadLog if none of `keys` signed it.

    `keys` are public keys of the log, 32 bytes each.
    """
    try:
        note = (folder / CHECKPOINT).read_bytes()
    except FileNotFoundError:
        return None
    return Checkpoint.open(note, *keys)


def entries_between(folder: Path, start: int, size: int) -> list[bytes]:
    """Read the entries of a published log of `size` from index `start` on. Raises BadLog."""
    found: list[bytes] = []
    for number in range(start // WIDTH, -(-size // WIDTH)):
        width = width_of(0, size, number)
        found += split_entries(_bundle(folder, number, width)[: width * STORED_BYTES])
    found = found[start % WIDTH :] if start < size else []
    if len(found) != max(0, size - start):
        raise BadLog
    return found


def _bundle(folder: Path, number: int, width: int) -> bytes:
    """Read a bundle as wide as demanded, or the full one that took its place."""
    for one in (width, WIDTH):
        try:
            return (folder / path_of(number, one)).read_bytes()
        except FileNotFoundError:
            continue
    raise BadLog


async def publish(tx: Transaction, folder: Path) -> Checkpoint | None:
    """Bring a folder up to the newest public head; None if there is nothing newer.

    Cosignatures that came since are news too. Raises AnotherLog for a folder with another log's
    files.
    """
    await store.lock_publishing(tx, folder)  # another worker's older head may not come after ours
    note = await shown_note(tx)
    if note is None:
        return None
    head, before = Checkpoint.read(note), _head_of(folder)
    if before is not None and before.origin != head.origin:
        raise AnotherLog
    done = 0 if before is None else before.size
    if before == head:
        return head if await asyncio.to_thread(_add_signatures, folder, note) else None
    if done >= head.size:
        return None
    grown = list(_grown(done, head.size))
    for at in range(0, len(grown), TILES_AT_ONCE):
        some = grown[at : at + TILES_AT_ONCE]
        kept = await store.contents(tx, some)
        await asyncio.to_thread(_write_tiles, folder, kept, head.size)
    crash("log:before-checkpoint")
    await asyncio.to_thread(replace, folder / CHECKPOINT, note)
    return head


def _add_signatures(folder: Path, note: bytes) -> bool:
    """Put cosignatures below the folder's own head, which keeps those it has; False if none is new.

    The head is the same one.
    """
    before = (folder / CHECKPOINT).read_bytes()
    lines = note.decode().rpartition("\n\n")[2].splitlines(keepends=True)
    after = add_signatures(before, lines)
    if after == before:
        return False
    replace(folder / CHECKPOINT, after)
    return True


def _write_tiles(folder: Path, kept: Mapping[Tile, bytes], size: int) -> None:
    for tile, content in kept.items():
        _write_tile(folder, tile, content, width_of(tile.level, size, tile.number))


def _head_of(folder: Path) -> Checkpoint | None:
    """Read the folder's head without asking who signed it; None if there is none to read."""
    try:
        return Checkpoint.read((folder / CHECKPOINT).read_bytes())
    except (FileNotFoundError, BadLog):
        return None


def _grown(before: int, after: int) -> Iterator[Tile]:
    """Name the tiles that are new or wider in a log that grew."""
    level = 0
    while count := after >> HEIGHT * level:
        first = (before >> HEIGHT * level) // WIDTH
        yield from (Tile(level, number) for number in range(first, -(-count // WIDTH)))
        level += 1


def _write_tile(folder: Path, tile: Tile, content: bytes, width: int) -> None:
    """Write a tile at its width; a full one takes the place of its partial ones."""
    files: Sequence[tuple[Tile | int, bytes]] = [(tile, content[: width * HASH_BYTES])]
    if tile.level == 0:
        bundle = content[: width * STORED_BYTES]
        files = [(tile.number, bundle), (tile, tile_of_bundle(bundle))]
    for name, served in files:
        replace(folder / path_of(name, width), served)
        if width == WIDTH:
            _remove_partial(folder / (path_of(name) + ".p"))


def _remove_partial(folder: Path) -> None:
    if folder.is_dir():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
