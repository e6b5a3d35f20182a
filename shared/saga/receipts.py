"""A slice's receipts: told, sealed and stored in the transaction that erased."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from contracts.messages import SliceErased, SliceReerased
from shared.database import Sealed, Transaction, pack_headers
from shared.saga.waiting import Asked


@dataclass(frozen=True, slots=True)
class Stored:
    """The latest receipt of a request in this slice."""

    receipt_id: UUID
    attempt: int
    line_sha256: bytes
    covered_until: datetime
    asked: Asked | None


@dataclass(frozen=True, slots=True)
class Row:
    """One receipt on its way into the table, with the record it stands in."""

    message: SliceErased | SliceReerased
    record_id: bytes
    topic: str
    partition: int
    value: bytes
    headers: bytes
    line: int
    bytes: bytes


def of_sealed(sealed: Iterable[Sealed]) -> list[Row]:
    """Take the receipts out of what a transaction sealed."""
    return [
        Row(
            entry.message,
            entry.record_id,
            entry.topic,
            entry.partition,
            entry.value,
            pack_headers(entry.headers),
            entry.line,
            entry.bytes,
        )
        for entry in sealed
        if isinstance(entry.message, SliceErased | SliceReerased)
    ]


async def store(tx: Transaction, rows: Sequence[Row], asked: Mapping[UUID, Asked]) -> None:
    """Store receipts and, once each, their records. What is there already stays as it is.

    `asked` says what is known of the requests, so that a slice can erase again.
    """
    records = {row.record_id: row for row in rows}
    await tx.execute(
        """
        insert into receipt_record (record_id, topic, partition, value, headers)
        select * from unnest($1::bytea[], $2::text[], $3::integer[], $4::bytea[], $5::bytea[])
            on conflict do nothing
        """,
        list(records),
        [row.topic for row in records.values()],
        [row.partition for row in records.values()],
        [row.value for row in records.values()],
        [row.headers for row in records.values()],
    )
    known = [asked.get(row.message.request_id or row.message.receipt_id) for row in rows]
    await tx.execute(
        "select add_receipts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [row.message.receipt_id for row in rows],
        [row.message.request_id for row in rows],
        [row.message.attempt for row in rows],
        [row.record_id for row in rows],
        [row.line for row in rows],
        [sha256(row.bytes).digest() for row in rows],
        [row.message.erased_at for row in rows],
        [row.message.covered_until for row in rows],
        [None if entry is None else entry.origin for entry in known],
        [None if entry is None else entry.cutoff for entry in known],
    )


async def latest(tx: Transaction, requests: Collection[UUID]) -> Mapping[UUID, Stored]:
    """Give each request's latest receipt in this slice, where there is one."""
    rows = await tx.fetch(
        """
        select distinct on (request_id) *
          from receipt
         where request_id = any($1::uuid[])
         order by request_id, attempt desc
        """,
        list(requests),
    )
    return {row["request_id"]: _stored(row) for row in rows}


async def last_attempts(tx: Transaction, receipts: Collection[UUID]) -> Mapping[UUID, Stored]:
    """Give the latest attempt of each receipt id, where there is one."""
    rows = await tx.fetch(
        """
        select distinct on (receipt_id) *
          from receipt
         where receipt_id = any($1::uuid[])
         order by receipt_id, attempt desc
        """,
        list(receipts),
    )
    return {row["receipt_id"]: _stored(row) for row in rows}


async def known(tx: Transaction, receipts: Collection[UUID]) -> set[tuple[UUID, int]]:
    """Say which attempts of these receipts are stored."""
    rows = await tx.fetch(
        "select receipt_id, attempt from receipt where receipt_id = any($1::uuid[])",
        list(receipts),
    )
    return {(row["receipt_id"], row["attempt"]) for row in rows}


def _stored(row: Any) -> Stored:
    asked = None
    if row["origin"] is not None:
        asked = Asked(row["request_id"], row["origin"], row["cutoff"])
    return Stored(
        row["receipt_id"], row["attempt"], row["line_sha256"], row["covered_until"], asked
    )


async def send_again(tx: Transaction, requests: Collection[UUID]) -> int:
    """Put the stored records of these requests into the outbox as they are; count the records.

    A record that holds several of these receipts goes once.
    """
    return await tx.execute(
        """
        insert into outbox (topic, partition, value, headers)
        select topic, partition, value, headers
          from receipt_record
         where record_id in (select record_id from receipt where request_id = any($1::uuid[]))
         order by record_id
        """,
        list(requests),
    )
