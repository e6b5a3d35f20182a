"""Lines that are one line again and again, but for ids, hashes, times and numbers.

What a transaction says of many people is laid out alike, line after line. Where one of the lines
is proven letter by letter, another with the same letters everywhere else is proven as soon as what
differs is spelled as it must be; and that is looked at column by column, for all lines at once.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from contracts.fields import KeyId, Sha256
from contracts.identifiers import read_id
from contracts.spelling import COUNT_FORM, ID_FORM, NUMBER_FORM, TIME_FORM, spelling_of

Column = Sequence[bytes]  # of one length
_HEX: Final = b"0123456789abcdef"
_ID_CHARS: Final = 36
_HYPHENS: Final = (8, 13, 18, 23)
_is_time: Final = re.compile(TIME_FORM).fullmatch


def _texts(column: Column) -> list[str]:
    """Give a column of hex digits and hyphens as text."""
    return b" ".join(column).decode().split(" ")


def spelled_ids(column: Column) -> list[str]:
    """Give ids as text. Raises ValueError if one is spelled in another way."""
    joined = b"".join(column)
    hyphens = b"-" * len(column)
    if joined.translate(None, _HEX) != hyphens * len(_HYPHENS) or any(
        joined[at::_ID_CHARS] != hyphens for at in _HYPHENS
    ):
        raise ValueError
    return _texts(column)


def _ids(column: Column) -> list[UUID]:
    return [read_id(text) for text in spelled_ids(column)]


def _hashes(column: Column) -> list[str]:
    if b"".join(column).translate(None, _HEX):
        raise ValueError
    return _texts(column)


def times(column: Column) -> list[datetime]:
    """Read times; most lines of a transaction share theirs. Raises ValueError."""
    known: dict[bytes, datetime] = {}
    for time in set(column):
        text = time.decode("latin-1")
        if _is_time(text) is None:
            raise ValueError
        known[time] = datetime.fromisoformat(text)
    return [known[time] for time in column]


def _counts(column: Column) -> list[int]:
    numbers = [int(text) for text in column]
    if [b"%d" % number for number in numbers] != list(column) or min(numbers) < 0:
        raise ValueError
    return numbers


def _numbers(column: Column) -> list[int]:
    numbers = _counts(column)
    if not all(numbers):
        raise ValueError
    return numbers


# How a column of each form is read, all of it or, by a ValueError, nothing.
READ: Final[Mapping[str, Callable[[Column], Sequence[Any]]]] = MappingProxyType(
    {
        ID_FORM: _ids,
        spelling_of(Sha256).form: _hashes,
        spelling_of(KeyId).form: _hashes,
        TIME_FORM: times,
        COUNT_FORM: _counts,
        NUMBER_FORM: _numbers,
    }
)


def laid_out_alike(
    line: bytes, places: Sequence[tuple[int, int]], others: Mapping[int, bytes]
) -> tuple[list[int], list[Column]]:
    """Find the lines that differ from this one in these places only, ordered and apart.

    Gives their numbers, and for each place what stands there in each of them.
    """
    literal, parts, at = b"", "", 0
    for begin, end in places:
        literal += line[at:begin].replace(b"%", b"%%") + b"%b"
        parts += f"{begin - at}x{end - begin}s"
        at = end
    written = literal + line[at:].replace(b"%", b"%%")
    take = struct.Struct(f"{parts}{len(line) - at}x").unpack
    rows = {
        number: taken
        for number, other in others.items()
        if len(other) == len(line) and written % (taken := take(other)) == other
    }
    return list(rows), list(zip(*rows.values(), strict=True))
