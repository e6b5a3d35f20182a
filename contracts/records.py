"""A record: lines of one type that one transaction tells to one partition, and its id.

    line leaf = H(0x00 || line as sent)
    record id = H(0x00 || fields("expunge-record/v1", topic, partition, type, key, line count,
                                 root over the line leaves))

`fields` puts before each field its length as 4 bytes, big-endian; numbers are decimal ASCII,
roots are 32 bytes, no key is an empty field. Topic is the logical name, without a namespace.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, NamedTuple, Self, TypeVar

from contracts.merkle import leaf_hash, root
from contracts.messages import join_lines, split_lines

T = TypeVar("T")
RECORD_V1 = b"expunge-record/v1"


def fields(*parts: bytes) -> bytes:
    """Join fields so that no two lists give the same bytes."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


class _Once(Generic[T]):
    """A property that is worked out once; without the lock of `cached_property`."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, of: Any, owner: type) -> T:
        found: T = self._work(of)
        of.__dict__[self._name] = found
        return found


class _Lines(NamedTuple):
    """What a record consists of."""

    topic: str
    partition: int
    type: str
    key: bytes | None
    lines: tuple[bytes, ...]


class Record(_Lines):
    """Lines of one type that one transaction tells to one partition."""

    @classmethod
    def from_value(
        cls,
        topic: str,
        partition: int,
        type: str,  # noqa: A002 - the word of the field
        key: bytes | None,
        value: bytes,
    ) -> Self:
        """Take apart a value as read from a partition. Raises BadRecord."""
        return cls(topic, partition, type, key, tuple(split_lines(value)))

    @property
    def leaves(self) -> list[bytes]:
        """Leaf hashes of the lines, in order."""
        return [leaf_hash(line) for line in self.lines]

    @_Once
    def id(self) -> bytes:
        """Work out the record leaf, 32 bytes: never read."""
        return record_leaf(
            topic=self.topic,
            partition=self.partition,
            type=self.type,
            key=self.key,
            line_count=len(self.lines),
            line_root=root(self.leaves),
        )

    @property
    def value(self) -> bytes:
        """Return the bytes as they are sent. Raises BadRecord if empty or over 256 kB."""
        return join_lines(self.lines)


def record_leaf(
    *,
    topic: str,
    partition: int,
    type: str,  # noqa: A002
    key: bytes | None,
    line_count: int,
    line_root: bytes,
) -> bytes:
    """Hash of a record's fields and the root over its lines."""
    key, count = key or b"", b"%d" % line_count
    # `fields` of these three, spelled out: this is done for every record that is read.
    return leaf_hash(
        _first_fields(topic, partition, type)
        + len(key).to_bytes(4, "big")
        + key
        + len(count).to_bytes(4, "big")
        + count
        + len(line_root).to_bytes(4, "big")
        + line_root
    )


@lru_cache(maxsize=1024)
def _first_fields(topic: str, partition: int, type: str) -> bytes:  # noqa: A002
    """Fields that many records share."""
    return fields(RECORD_V1, topic.encode(), b"%d" % partition, type.encode())


def record_id(record: Record) -> bytes:
    """Id of a record: 32 bytes."""
    return record.id
