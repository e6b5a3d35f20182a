"""A topic in a file: NDJSON, one entry a line, bytes in base64, after a line that names the spans.

{"format":"expunge-export/v1","topic":"erasure.v1","spans":[[0,4711]]}
{"partition":0,"offset":0,"key":null,"headers":[["type","..."],...],"value":"..."}
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from contracts.topics import ERASURE, MAX_RECORD_BYTES
from services.erasure.audit.entries import Entry, Source, Span, Unreadable, reading_order

FORMAT: Final = "expunge-export/v1"
MAX_LINE_BYTES: Final = 8 * MAX_RECORD_BYTES
MAX_PARTITIONS: Final = 10_000

NO_FILE: Final = "The file cannot be read."
NOT_AN_EXPORT: Final = "The file is not an export of erasure.v1."
CUT_OFF: Final = "The file ends before the entries that its first line announces."


async def export(source: Source, path: Path, advance: Callable[[int], None]) -> int:
    """Write every entry of a source; return how many. The file appears when it is complete."""
    draft, count = path.with_name(f".{path.name}.part"), 0
    try:
        with draft.open("wb") as file:
            file.write(header([(span.begin, span.end) for span in source.spans]))
            for partition in reading_order(len(source.spans)):
                async for entry in source.read(partition):
                    file.write(written(entry))
                    count += 1
                    advance(1)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count


class FileSource:
    """An export as a source of entries, in the order in which it was written."""

    def __init__(self, path: Path) -> None:
        """Read the first line. Raises Unreadable."""
        self._path = path
        self._spans = self._header()
        self._lines = self._entries()
        self._next: Entry | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        """Give the spans that the first line announces."""
        return self._spans

    async def read(self, partition: int) -> AsyncIterator[Entry]:
        """Read one partition's entries; partitions come in reading order. Raises Unreadable."""
        while (entry := self._next or next(self._lines, None)) is not None:
            self._next = None
            if entry.partition != partition:
                self._next = entry
                break
            yield entry
        if self._next is not None and partition == reading_order(len(self._spans))[-1]:
            raise Unreadable(NOT_AN_EXPORT)

    def _header(self) -> tuple[Span, ...]:
        try:
            with self._path.open("rb") as file:
                header = orjson.loads(file.readline(MAX_LINE_BYTES))
            spans = tuple(Span(int(begin), int(end)) for begin, end in header["spans"])
            wanted = (FORMAT, ERASURE.name)
            if (header["format"], header["topic"]) != wanted or not 0 < len(spans) < MAX_PARTITIONS:
                raise Unreadable(NOT_AN_EXPORT)
        except OSError as error:
            raise Unreadable(NO_FILE) from error
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(NOT_AN_EXPORT) from error
        return spans

    def _entries(self) -> Iterator[Entry]:
        with self._path.open("rb") as file:
            file.readline(MAX_LINE_BYTES)
            while line := file.readline(MAX_LINE_BYTES):
                if not line.endswith(b"\n"):
                    raise Unreadable(CUT_OFF)
                try:
                    entry = _read(orjson.loads(line))
                except (ValueError, KeyError, TypeError, binascii.Error) as error:
                    raise Unreadable(NOT_AN_EXPORT) from error
                if not 0 <= entry.partition < len(self._spans):
                    raise Unreadable(NOT_AN_EXPORT)
                yield entry


def header(spans: Sequence[tuple[int, int]]) -> bytes:
    """Write the first line: of each partition the first offset, and the one after the last."""
    return _line({"format": FORMAT, "topic": ERASURE.name, "spans": spans})


def written(entry: Entry) -> bytes:
    """Write one entry's line."""
    return _line(
        {
            "partition": entry.partition,
            "offset": entry.offset,
            "key": None if entry.key is None else _encoded(entry.key),
            "headers": [[name, _encoded(value)] for name, value in entry.headers],
            "value": _encoded(entry.value),
        }
    )


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def _read(value: dict[str, Any]) -> Entry:
    return Entry(
        partition=int(value["partition"]),
        offset=int(value["offset"]),
        key=None if value["key"] is None else _decoded(value["key"]),
        value=_decoded(value["value"]),
        headers=tuple((str(name), _decoded(raw)) for name, raw in value["headers"]),
    )


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
