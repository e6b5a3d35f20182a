"""A record: lines of one type that one transaction tells to one partition, and its id.

    line leaf = H(0x00 || line as sent)
    record id = H(0x00 || fields("expunge-record/v1", topic, partition, type, key, line count,
                                 root over the line leaves))

`fields` puts before each field its length as 4 bytes, big-endian; numbers are decimal ASCII,
roots are 32 bytes, no key is an empty field. Topic is the logical name, without a namespace.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from contracts.merkle import leaf_hash, root
from contracts.messages import join_lines, split_lines

RECORD_V1 = b"expunge-record/v1"


def fields(*parts: bytes) -> bytes:
    """Join fields so that no two lists give the same bytes."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


@dataclass(frozen=True)
class Record:
    """Lines of one type that one transaction tells to one partition."""

    topic: str
    partition: int
    type: str
    key: bytes | None
    lines: tuple[bytes, ...]

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

    # Kept by hand: the lock inside `cached_property` costs more than what it would protect.
    @property
    def leaves(self) -> list[bytes]:
        """Leaf hashes of the lines, in order."""
        found: list[bytes] | None = self.__dict__.get("_leaves")
        if found is None:
            found = self.__dict__["_leaves"] = [leaf_hash(line) for line in self.lines]
        return found

    @property
    def id(self) -> bytes:
        """The record leaf, 32 bytes: computed, never read."""
        found: bytes | None = self.__dict__.get("_id")
        if found is None:
            found = self.__dict__["_id"] = record_leaf(
                topic=self.topic,
                partition=self.partition,
                type=self.type,
                key=self.key,
                line_count=len(self.lines),
                line_root=root(self.leaves),
            )
        return found

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
    return leaf_hash(
        _first_fields(topic, partition, type) + fields(key or b"", b"%d" % line_count, line_root)
    )


@lru_cache(maxsize=1024)
def _first_fields(topic: str, partition: int, type: str) -> bytes:  # noqa: A002
    """Fields that many records share."""
    return fields(RECORD_V1, topic.encode(), b"%d" % partition, type.encode())


def record_id(record: Record) -> bytes:
    """Id of a record: 32 bytes."""
    return record.id
