"""Where a partition was read to, kept where the effects are: in the same database.

A position on the broker could be committed without the effect, or the effect without it. Here the
two are one transaction, and `where next_offset = $expected` makes a stale owner's transaction fail.
"""

from dataclasses import dataclass
from typing import Final

from shared.database import Transaction

LAZY_OFFSETS: Final = 10_000
LAZY_SECONDS: Final = 60.0


class CursorOutsideLog(Exception):  # noqa: N818
    """The stored position is not in the log: records were lost, or the log is not ours."""


class CursorOfAnotherLog(Exception):  # noqa: N818
    """The stored position belongs to another cluster or to a topic that was made anew."""


class StaleOwner(Exception):  # noqa: N818
    """Somebody else has moved the position: this process no longer owns the partition."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The stored position of one partition: the next offset to read in exactly this log."""

    cluster_id: str
    topic_id: str
    next_offset: int


@dataclass(frozen=True, slots=True)
class Log:
    """What the broker says of one partition: ids, first offset, end (one past the last)."""

    cluster_id: str
    topic_id: str
    begin: int
    end: int


def start_at(cursor: Cursor | None, log: Log) -> int:
    """Return the offset to read from: the stored one, or the start of the log without one.

    Raises CursorOfAnotherLog or CursorOutsideLog: such a reader stops, it never skips.
    """
    if cursor is None:
        return log.begin
    if (cursor.cluster_id, cursor.topic_id) != (log.cluster_id, log.topic_id):
        raise CursorOfAnotherLog
    if not log.begin <= cursor.next_offset <= log.end:
        raise CursorOutsideLog
    return cursor.next_offset


def due(written: int, position: int, written_at: float, now: float) -> bool:
    """Whether a position that moved over uninteresting records is worth a write of its own."""
    behind = position - written
    return behind >= LAZY_OFFSETS or (behind > 0 and now - written_at >= LAZY_SECONDS)


async def read(tx: Transaction, topic: str, partition: int) -> Cursor | None:
    """Return the stored position, or None if the partition was never read."""
    row = await tx.fetchrow(
        """
        select cluster_id, topic_id, next_offset
          from consumer_cursor
         where topic = $1
           and partition = $2
        """,
        topic,
        partition,
    )
    return None if row is None else Cursor(row[0], row[1], row[2])


async def begin(tx: Transaction, topic: str, partition: int, log: Log) -> None:
    """Store the start of the log as position, if none is stored."""
    await tx.execute(
        """
        insert into consumer_cursor (topic, partition, cluster_id, topic_id, next_offset)
        values ($1, $2, $3, $4, $5)
        on conflict (topic, partition) do nothing
        """,
        topic,
        partition,
        log.cluster_id,
        log.topic_id,
        log.begin,
    )


async def advance(tx: Transaction, topic: str, partition: int, expected: int, new: int) -> None:
    """Move the position. Raises StaleOwner if it is not where this process left it."""
    moved = await tx.fetchval(
        """
        update consumer_cursor
           set next_offset = $4, updated_at = now()
         where topic = $1
           and partition = $2
           and next_offset = $3
        returning 1
        """,
        topic,
        partition,
        expected,
        new,
    )
    if moved is None:
        raise StaleOwner
