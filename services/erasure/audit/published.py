"""The public log, in a folder or at an address: its head, its leaves, its tiles."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import httpx2

from contracts.errors import BadLog
from contracts.merkle import HASH_BYTES
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import STORED_BYTES, split_entries
from contracts.tlog.tiles import (
    WIDTH,
    Tile,
    check_consistency,
    consistency,
    path_of,
    subtree,
    tiles_for,
    width_of,
)
from services.erasure.audit.entries import Unreadable

CHECKPOINT: Final = "checkpoint"
MAX_BYTES: Final = 64 * 1024  # no head, tile or bundle is larger
TIMEOUT_S: Final = 30.0
FOUND: Final = 200
MISSING: Final = (404, 410)
NO_HEAD: Final = "There is no head of a log there: name a folder or the address that ends in /log."
NO_ANSWER: Final = "The log does not answer."
TOO_LARGE: Final = "What the log gives is larger than any head, tile or bundle."


class Published:
    """A log as anybody may read it."""

    def __init__(self, where: str) -> None:
        """Take a folder, or an address that begins with http:// or https://."""
        self._folder = None if where.startswith(("http://", "https://")) else Path(where)
        self._prefix = where.rstrip("/")
        self._client = httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False)

    def note(self) -> bytes:
        """Read the newest head as signed. Raises Unreadable."""
        note = self._read(CHECKPOINT)
        if note is None:
            raise Unreadable(NO_HEAD)
        return note

    def leaves(self, size: int) -> Iterator[bytes]:
        """Read the leaves of a log of this size, a bundle at a time.

        Raises BadLog if some are not there, Unreadable if nobody answers.
        """
        for number in range(-(-size // WIDTH)):
            width = width_of(0, size, number)
            yield from split_entries(self._wide(number, width, STORED_BYTES))

    def leaf(self, index: int, size: int) -> bytes:
        """Read one leaf of a log of this size; raises as `leaves` does."""
        number, at = divmod(index, WIDTH)
        width = width_of(0, size, number)
        if at >= width:
            raise BadLog
        return split_entries(self._wide(number, width, STORED_BYTES))[at]

    def tiles(self, wanted: Iterable[Tile], size: int) -> dict[Tile, bytes]:
        """Read tiles of a log of this size; raises as `leaves` does."""
        return {
            tile: self._wide(tile, width_of(tile.level, size, tile.number), HASH_BYTES)
            for tile in wanted
        }

    def check_growth(self, then: Checkpoint, now: Checkpoint) -> None:
        """Check by the log's tiles that a head holds an older one (RFC 9162 section 2.1.4.2).

        Raises BadLog if it does not, or if tiles are not there; Unreadable if nobody answers.
        """
        ranges = consistency(then.size, now.size)
        tiles = self.tiles(tiles_for(ranges), now.size)
        way = [subtree(tiles, *one) for one in ranges]
        check_consistency((then.size, then.root), (now.size, now.root), way)

    def close(self) -> None:
        """Leave the address."""
        self._client.close()

    def _wide(self, tile: Tile | int, width: int, each: int) -> bytes:
        """Read a tile as wide as demanded, or out of the full one that took its place."""
        for one in dict.fromkeys((width, WIDTH)):
            found = self._read(path_of(tile, one))
            if found is not None and len(found) >= width * each:
                return found[: width * each]
        raise BadLog

    def _read(self, path: str) -> bytes | None:
        content = self._from_folder(path) if self._folder else self._fetch(f"{self._prefix}/{path}")
        if content is not None and len(content) > MAX_BYTES:
            raise Unreadable(TOO_LARGE)
        return content

    def _from_folder(self, path: str) -> bytes | None:
        try:
            with ((self._folder or Path()) / path).open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unreadable(NO_HEAD) from error

    def _fetch(self, address: str) -> bytes | None:
        """Read no more than is looked at: who answers may be the one who is distrusted."""
        content = b""
        try:
            with self._client.stream("GET", address) as answer:
                if answer.status_code in MISSING:
                    return None
                if answer.status_code != FOUND:
                    raise Unreadable(NO_ANSWER)
                for part in answer.iter_bytes(MAX_BYTES):
                    content += part
                    if len(content) > MAX_BYTES:
                        break
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Unreadable(NO_ANSWER) from error
        return content
