"""What the consumer itself keeps: records seen, lines parked, records quarantined."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.identifiers import uuid7
from shared.consumer.lines import AnyLine, Unreadable
from shared.consumer.opening import Refused
from shared.database import Transaction, arrays, pack_headers, unpack_headers


async def unseen(tx: Transaction, record_ids: Sequence[bytes]) -> set[bytes]:
    """Enter record ids into the inbox and return those that were not there.

    `offset 0` keeps the look-up an index probe for each id, however the inbox has grown since
    its statistics were taken.

    One partition has one owner at a time (its cursor row is locked by now), and a record id
    contains its partition: nobody else enters the same id meanwhile.
    """
    rows = await tx.fetch(
        """
        with fresh as (
            select id
              from unnest($1::text::bytea[]) as told (id)
             where not exists (select from inbox where record_id = id offset 0)
        )
        insert into inbox (record_id)
        select id from fresh
        returning record_id
        """,
        arrays.octets(record_ids),
    )
    return {row["record_id"] for row in rows}


async def set_aside(tx: Transaction, about_ids: Collection[str]) -> set[str]:
    """Return those of the ids of which a line is parked and not yet released."""
    if not await tx.fetchval("select exists (select from parked where released_at is null)"):
        return set()  # as nearly always, and said in a hundredth of the time
    rows = await tx.fetch(
        """
        select distinct about_id
          from parked
         where released_at is null
           and about_id = any($1::text::text[])
        """,
        arrays.words(list(about_ids)),
    )
    return {row["about_id"] for row in rows}


async def park(tx: Transaction, entries: Sequence[tuple[AnyLine | Unreadable, str]]) -> None:
    """Set lines aside with their records and the class of the error."""
    if not entries:
        return
    await tx.executemany(
        """
        insert into parked (parked_id, topic, partition, "offset", line,
                            record_key, record_value, headers, about_id, error)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (topic, partition, "offset", line) do nothing
        """,
        [
            (
                uuid7(),
                line.delivery.topic,
                line.delivery.partition,
                line.delivery.offset,
                line.line,
                line.delivery.record.key,
                line.delivery.value,
                pack_headers(line.delivery.headers),
                about(line),
                error,
            )
            for line, error in entries
        ],
    )


def about(line: AnyLine | Unreadable) -> str:
    """Id that a line is about; nothing is known of one that cannot be read."""
    return "" if isinstance(line, Unreadable) else line.event.subject


async def quarantine(
    tx: Transaction, topic: str, partition: int, refused: Sequence[Refused]
) -> None:
    """Keep records that proved nothing."""
    if not refused:
        return
    await tx.executemany(
        """
        insert into quarantine (topic, partition, "offset", key, value, headers, error)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (topic, partition, "offset") do nothing
        """,
        [
            (
                topic,
                partition,
                entry.offset,
                entry.key,
                entry.value,
                pack_headers(entry.headers),
                entry.error,
            )
            for entry in refused
        ],
    )


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked line with its whole record; times are UTC."""

    parked_id: UUID
    topic: str
    partition: int
    offset: int
    line: int
    record_key: bytes | None
    record_value: bytes
    headers: tuple[tuple[str, bytes], ...]
    about_id: str
    error: str
    parked_at: datetime
    release_asked_at: datetime | None


_COLUMNS = """parked_id, topic, partition, "offset", line, record_key, record_value, headers,
               about_id, error, parked_at, release_asked_at"""


async def parked(tx: Transaction, about_id: str | None = None) -> list[Parked]:
    """List what is parked, in the order of the log; of one id or of all."""
    rows = await tx.fetch(
        f"""
        select {_COLUMNS}
          from parked
         where released_at is null
           and ($1::text is null or about_id = $1)
         order by topic, partition, "offset", line
        """,
        about_id,
    )
    return [_parked(row) for row in rows]


async def take_parked(tx: Transaction, about_id: str) -> list[Parked]:
    """Lock and return the parked lines of one id, in order."""
    rows = await tx.fetch(
        f"""
        select {_COLUMNS}
          from parked
         where released_at is null
           and about_id = $1
         order by topic, partition, "offset", line
           for update
        """,
        about_id,
    )
    return [_parked(row) for row in rows]


def _parked(row: Any) -> Parked:
    return Parked(**{**row, "headers": tuple(unpack_headers(row["headers"]))})


async def ask_release(tx: Transaction, about_id: str) -> int:
    """Ask the worker to release what is parked about an id; return how many lines that is."""
    return await tx.execute(
        """
        update parked
           set release_asked_at = now()
         where released_at is null
           and about_id = $1
        """,
        about_id,
    )


async def release_asked(tx: Transaction) -> list[str]:
    """Return the ids that somebody asked to release."""
    rows = await tx.fetch(
        """
        select distinct about_id
          from parked
         where released_at is null
           and release_asked_at is not null
        """
    )
    return [row["about_id"] for row in rows]


async def released(tx: Transaction, parked_ids: Sequence[UUID]) -> None:
    """Mark lines as worked."""
    await tx.execute(
        "update parked set released_at = now() where parked_id = any($1::uuid[])", list(parked_ids)
    )


async def release_failed(tx: Transaction, about_id: str, error: str) -> None:
    """Note that the lines of an id failed again, and do not try once more by ourselves."""
    await tx.execute(
        """
        update parked
           set release_asked_at = null, error = $2
         where released_at is null
           and about_id = $1
           and release_asked_at is not null
        """,
        about_id,
        error,
    )
