"""What participants and their verifiers said: insert only, the first of its kind wins."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from uuid import UUID

import orjson

from contracts.messages import SliceVerified
from shared.consumer.lines import AnyLine, Line
from shared.database import Transaction


async def add_receipts(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Store receipts; a second one of the same request, service and attempt is passed over."""
    await tx.execute(
        """
        insert into saga_receipt (request_id, service, attempt, receipt_id, line_sha256, record_id,
                                  partition, "offset", line, outcome, rows, held,
                                  covered_until, erased_at, recipients)
        select request_id, service, attempt, receipt_id, line_sha256, record_id,
               partition, "offset", line, outcome, rows::jsonb, held::jsonb,
               covered_until, erased_at, string_to_array(recipients, ',')
          from unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::bytea[], $6::bytea[],
                      $7::integer[], $8::bigint[], $9::integer[], $10::text[], $11::text[],
                      $12::text[], $13::timestamptz[], $14::timestamptz[], $15::text[])
               with ordinality
               as said (request_id, service, attempt, receipt_id, line_sha256, record_id,
                        partition, "offset", line, outcome, rows, held,
                        covered_until, erased_at, recipients, place)
         order by place
            on conflict (request_id, service, attempt) do nothing
        """,
        *zip(*_receipt_rows(lines), strict=True),
    )


def _receipt_rows(lines: Sequence[AnyLine]) -> list[tuple[object, ...]]:
    return [
        (
            message.request_id,
            event.source,
            message.attempt,
            message.receipt_id,
            sha256(said).digest(),
            delivery.record_id,
            delivery.partition,
            delivery.offset,
            line,
            message.outcome.value,
            _json(message.rows),
            _json([held.model_dump() for held in message.held]),
            message.covered_until,
            message.erased_at,
            ",".join(message.recipients),
        )
        for message, event, delivery, line, said in lines
    ]


async def add_read_backs(tx: Transaction, lines: Sequence[Line[SliceVerified]]) -> None:
    """Store read-backs; a second one about the same receipt line is passed over."""
    rows = [
        (
            message.request_id,
            message.service,
            message.attempt,
            bytes.fromhex(message.receipt_sha256),
            sha256(said).digest(),
            delivery.record_id,
            delivery.partition,
            delivery.offset,
            line,
            message.remaining,
            message.method.value,
            delivery.proof.key_id,
            message.verified_at,
        )
        for message, _, delivery, line, said in lines
    ]
    await tx.execute(
        """
        insert into saga_read_back (request_id, service, attempt, receipt_sha256, line_sha256,
                                    record_id, partition, "offset", line, remaining, method,
                                    key_id, verified_at)
        select request_id, service, attempt, receipt_sha256, line_sha256,
               record_id, partition, "offset", line, remaining, method, key_id, verified_at
          from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[],
                      $7::integer[], $8::bigint[], $9::integer[], $10::bigint[], $11::text[],
                      $12::text[], $13::timestamptz[])
               with ordinality
               as said (request_id, service, attempt, receipt_sha256, line_sha256, record_id,
                        partition, "offset", line, remaining, method, key_id, verified_at, place)
         order by place
            on conflict (request_id, service, attempt, receipt_sha256) do nothing
        """,
        *zip(*rows, strict=True),
    )


def _json(value: object) -> str:
    """Write JSON as text: the driver would take a list in a list for an array of two dimensions."""
    return orjson.dumps(value).decode()


async def mark_ready(tx: Transaction, requests: Iterable[UUID]) -> bool:
    """Put sagas that may have every answer before the certifier; say whether there was one.

    Only a hint that spares the certifier from looking at all of them: as many read-backs as
    participants may still be two of one participant, and the reducer decides. The row is locked
    even if it is marked already, so that a certifier that is looking at it right now either sees
    this transaction's rows or finds the mark again.
    """
    return bool(
        await tx.execute(
            """
            update open_saga o
               set ready = true
              from (select told.request_id
                      from unnest($1::uuid[]) as told (request_id)
                      cross join lateral (select count(*) as answers
                                            from saga_read_back b
                                           where b.request_id = told.request_id
                                             and b.remaining = 0
                                          offset 0) as seen
                     where seen.answers > 0
                       and seen.answers >= (select cardinality(s.participants)
                                              from saga s
                                             where s.request_id = told.request_id)) as complete
             where o.request_id = complete.request_id
            """,
            list(requests),
        )
    )
