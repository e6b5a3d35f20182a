"""Read an access log of another server, from a file or a stream, into the closed schema.

Lines, sums and the position in the file go into one transaction: killed anywhere, the next run goes
on where the last commit was, and no line counts twice.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

from services.website import store
from services.website.rules.lines import Lookup, read_line, unknown
from services.website.rules.visits import Access
from shared.database import Database, Transaction

MAX_LINE_BYTES: Final = 1 << 16  # a longer one is passed over, not collected
STREAM_PATIENCE: Final = timedelta(seconds=1)  # lines of a quiet stream wait no longer


@dataclass(slots=True)
class Ingested:
    """How far a run is: lines stored, lines only counted because they are too old, not read."""

    stored: int = 0
    too_old: int = 0
    unread: int = 0
    bytes: int = 0

    @property
    def lines(self) -> int:
        """Give all lines that were seen."""
        return self.stored + self.too_old + self.unread


Show = Callable[[Ingested], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """How lines are read: look-ups of this machine, lines of one transaction, the time limit."""

    keep: timedelta
    batch: int
    country: Lookup = unknown
    provider: Lookup = unknown

    def accesses(self, lines: Iterable[bytes]) -> tuple[list[Access], int]:
        """Read lines; give what they say and how many said nothing."""
        found, unread = [], 0
        for line in lines:
            access = read_line(line.decode("utf-8", "replace"), self.country, self.provider)
            if access is None:
                unread += 1
            else:
                found.append(access)
        return found, unread


async def ingest_file(database: Database, path: Path, reading: Reading, show: Show) -> Ingested:
    """Read a file from where the last run stopped to its present end. Raises OSError.

    A last line without its end is left for the next run. A rotated or emptied file is read from its
    beginning.
    """
    done = Ingested()
    with path.open("rb") as file:
        log, size = identify(path, file)
        async with database.begin() as tx:
            await store.make_days(tx, reading.keep)
            reached = await store.position_of(tx, log)
        start = reached if reached <= size else 0
        file.seek(start)
        for lines, length in batches(file, reading.batch):
            start += length
            async with database.begin() as tx:
                if await store.position_of(tx, log) != reached:
                    break  # another run reads the same file and is ahead
                _count(done, await _write(tx, lines, reading), length)
                await store.move_position(tx, log, start)
            reached = start
            show(done)
    return done


async def ingest_stream(
    database: Database, stream: BinaryIO, reading: Reading, show: Show
) -> Ingested:
    """Read a stream to its end; what came is written after at most a second. It has no position."""
    done = Ingested()
    async with database.begin() as tx:
        await store.make_days(tx, reading.keep)
    async for lines in _arriving(stream, reading.batch):
        async with database.begin() as tx:
            _count(done, await _write(tx, lines, reading), sum(map(len, lines)))
        show(done)
    return done


def identify(path: Path, file: BinaryIO) -> tuple[store.LogFile, int]:
    """Say which file was opened, whatever links lead to it, and how long it is now."""
    status = os.fstat(file.fileno())
    return store.LogFile(str(path.resolve()), f"{status.st_dev}:{status.st_ino}"), status.st_size


def batches(file: BinaryIO, size: int) -> Iterator[tuple[list[bytes], int]]:
    """Cut a file into batches of whole lines; give each with its length in bytes.

    A line that is longer than MAX_LINE_BYTES counts as a line that says nothing.
    """
    lines: list[bytes] = []
    length = 0
    while line := file.readline(MAX_LINE_BYTES):
        whole = len(line)
        while not line.endswith(b"\n"):
            more = file.readline(MAX_LINE_BYTES)
            if not more:
                break
            whole, line = whole + len(more), b"" + more[-1:]
        if not line.endswith(b"\n"):
            break  # its end is not written yet
        lines.append(line)
        length += whole
        if len(lines) >= size:
            yield lines, length
            lines, length = [], 0
    if lines:
        yield lines, length


async def _arriving(stream: BinaryIO, size: int) -> AsyncIterator[list[bytes]]:
    """Give what a stream brought, as soon as it is a batch or a second old."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=2 * size)
    loop = asyncio.get_running_loop()

    def read() -> None:
        for lines, _ in batches(stream, 1):
            asyncio.run_coroutine_threadsafe(queue.put(lines[0]), loop).result()
        asyncio.run_coroutine_threadsafe(queue.put(None), loop).result()

    reading = asyncio.create_task(asyncio.to_thread(read))
    open_ = True
    while open_:
        lines: list[bytes] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(STREAM_PATIENCE.total_seconds()):
                while len(lines) < size and open_:
                    line = await queue.get()
                    open_ = line is not None
                    lines += [] if line is None else [line]
        if lines:
            yield lines
    await reading


@dataclass(frozen=True, slots=True)
class _Written:
    stored: int
    too_old: int
    unread: int


async def _write(tx: Transaction, lines: Sequence[bytes], reading: Reading) -> _Written:
    accesses, unread = reading.accesses(lines)
    stored = await store.add_accesses(tx, accesses, reading.keep)
    await store.add_totals(tx, accesses)
    return _Written(stored, len(accesses) - stored, unread)


def _count(done: Ingested, written: _Written, size: int) -> None:
    done.stored += written.stored
    done.too_old += written.too_old
    done.unread += written.unread
    done.bytes += size
