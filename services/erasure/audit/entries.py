"""What the auditor reads: entries of `erasure.v1` as they stand there, and where they end."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from contracts.topics import REGISTER, partition_of

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as read: nothing of it is believed yet."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Span:
    """Which offsets of a partition belong to this replay: `begin` to before `end`."""

    begin: int
    end: int


class Unreadable(Exception):  # noqa: N818 - it says what to do
    """The entries cannot be read to their end. The argument is one of our own sentences."""


class Source(Protocol):
    """Where entries come from: a broker, or a file exported from one."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Give the fixed spans, by partition."""
        ...

    def read(self, partition: int) -> AsyncIterator[Entry]:
        """Read one partition's span in order. Raises Unreadable."""
        ...


def reading_order(partitions: int) -> list[int]:
    """Order of partitions: the one with keys and register first, the others by number."""
    first = partition_of(REGISTER, partitions)
    return [first, *(number for number in range(partitions) if number != first)]
