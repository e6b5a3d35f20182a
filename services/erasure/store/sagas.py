"""Sagas while they are open: begun, extended, reminded, overdue, closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from contracts.fields import EVERYTHING
from contracts.messages import AliasesDestroyed, ErasureRequested, SagaExtended, SliceFailed
from shared.consumer.lines import Line
from shared.database import Transaction


async def begin(tx: Transaction, lines: Sequence[Line[ErasureRequested]]) -> set[UUID]:
    """Store requests; return those that were not known. The first line of a request wins."""
    rows = await tx.fetch(
        """
        insert into saga (request_id, line_sha256, record_id, partition, "offset", line, origin,
                          scope, participants, register_version, cutoff, received_at, due_at,
                          identity, person_commitment)
        select request_id, line_sha256, record_id, partition, "offset", line, origin,
               string_to_array(scope, ','), string_to_array(participants, ','), register_version,
               cutoff, received_at, due_at, identity, person_commitment
          from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::integer[], $5::bigint[],
                      $6::integer[], $7::text[], $8::text[], $9::text[], $10::bigint[],
                      $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::text[],
                      $15::bytea[])
               with ordinality
               as asked (request_id, line_sha256, record_id, partition, "offset", line, origin,
                         scope, participants, register_version, cutoff, received_at, due_at,
                         identity, person_commitment, place)
         order by place
            on conflict (request_id) do nothing
        returning request_id
        """,
        *zip(*_request_rows(lines), strict=True),
    )
    return {row["request_id"] for row in rows}


def _request_rows(lines: Sequence[Line[ErasureRequested]]) -> list[tuple[object, ...]]:
    return [
        (
            message.request_id,
            sha256(said).digest(),
            delivery.record_id,
            delivery.partition,
            delivery.offset,
            line,
            message.origin,
            None if message.scope == EVERYTHING else ",".join(message.scope),
            ",".join(message.participants),
            message.register_version,
            message.cutoff,
            message.received_at,
            message.due_at,
            message.identity.value,
            bytes.fromhex(message.person_commitment),
        )
        for message, _, delivery, line, said in lines
    ]


async def open_up(
    tx: Transaction, sagas: Mapping[UUID, datetime], register_version: int, remind_at: datetime
) -> None:
    """Count sagas as open, held against our register version (0: not yet); id -> due_at."""
    await tx.execute(
        """
        insert into open_saga (request_id, register_version, due_at, remind_at)
        select request_id, $3, due_at, $4
          from unnest($1::uuid[], $2::timestamptz[]) as opened (request_id, due_at)
         where not exists (select from certificate c where c.request_id = opened.request_id)
            on conflict (request_id) do nothing
        """,
        list(sagas),
        list(sagas.values()),
        register_version,
        remind_at,
    )


@dataclass(frozen=True, slots=True)
class Extension:
    """One `saga-extended` and the record and line that say it."""

    message: SagaExtended
    record_id: bytes
    line: int
    bytes: bytes


async def extend(tx: Transaction, extensions: Sequence[Extension]) -> None:
    """Store participants that a register version adds to sagas; what is known stays."""
    await tx.execute(
        """
        insert into saga_extension (request_id, register_version, participants,
                                    line_sha256, record_id, line)
        select request_id, register_version, string_to_array(participants, ','),
               line_sha256, record_id, line
          from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::bytea[],
                      $6::integer[])
               as added (request_id, register_version, participants, line_sha256, record_id, line)
            on conflict (request_id, register_version) do nothing
        """,
        [extension.message.request_id for extension in extensions],
        [extension.message.register_version for extension in extensions],
        [",".join(extension.message.participants) for extension in extensions],
        [sha256(extension.bytes).digest() for extension in extensions],
        [extension.record_id for extension in extensions],
        [extension.line for extension in extensions],
    )


async def take_lagging(tx: Transaction, register_version: int, limit: int) -> list[UUID]:
    """Take open sagas that were not yet held against this register version, and mark them so.

    A saga frozen from a later version than ours stays for later: that version must come first.
    """
    rows = await tx.fetch(
        """
        update open_saga
           set register_version = $1
         where request_id in (select o.request_id
                                from open_saga o
                                join saga s using (request_id)
                               where o.register_version < $1
                                 and s.register_version <= $1
                               limit $2
                                 for update of o skip locked)
        returning request_id
        """,
        register_version,
        limit,
    )
    return [row["request_id"] for row in rows]


async def take_to_remind(
    tx: Transaction, next_at: datetime, limit: int
) -> Mapping[UUID, tuple[int, bytes]]:
    """Take sagas whose reminder is due, set the next one; return reminder number and record id."""
    rows = await tx.fetch(
        """
        update open_saga o
           set reminders = reminders + 1,
               remind_at = $2
          from saga s
         where s.request_id = o.request_id
           and o.request_id in (select request_id
                                  from open_saga
                                 where remind_at <= $1
                                 order by remind_at
                                 limit $3
                                   for update skip locked)
        returning o.request_id, o.reminders, s.record_id
        """,
        tx.now,
        next_at,
        limit,
    )
    return {row["request_id"]: (row["reminders"], row["record_id"]) for row in rows}


async def mark_overdue(tx: Transaction) -> int:
    """Mark open sagas whose time is over (Art. 12(3)); return how many were new."""
    return await tx.execute(
        """
        update open_saga
           set overdue_at = $1
         where due_at < $1
           and overdue_at is null
        """,
        tx.now,
    )


async def add_failures(tx: Transaction, lines: Sequence[Line[SliceFailed]]) -> None:
    """Remember the latest failure of each participant, for a person to look at."""
    latest = {(line.message.request_id, line.event.source): line for line in lines}
    await tx.execute(
        """
        insert into saga_failure (request_id, service, error, failed_at)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
            on conflict (request_id, service) do update
           set error = excluded.error, failed_at = excluded.failed_at
        """,
        [request_id for request_id, _ in latest],
        [service for _, service in latest],
        [line.message.error for line in latest.values()],
        [line.event.time for line in latest.values()],
    )


async def end(tx: Transaction, lines: Sequence[Line[AliasesDestroyed]]) -> None:
    """Store that origins forgot; only the word of the request's own origin counts."""
    messages = [line.message for line in lines]
    await tx.execute(
        """
        insert into saga_end (request_id, count, remaining, ended_at, record_id, line)
        select e.request_id, e.count, e.remaining, e.ended_at, e.record_id, e.line
          from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[],
                      $6::bytea[], $7::integer[])
               as e (request_id, count, remaining, ended_at, by, record_id, line)
          join saga s on s.request_id = e.request_id and s.origin = e.by
            on conflict (request_id) do nothing
        """,
        [message.request_id for message in messages],
        [message.count for message in messages],
        [message.remaining for message in messages],
        [line.event.time for line in lines],
        [line.event.source for line in lines],
        [line.record_id for line in lines],
        [line.line for line in lines],
    )
