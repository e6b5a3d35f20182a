"""What participants and their verifiers said: insert only, the first of its kind wins."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from services.erasure.facts import ReadBack, Receipt
from services.erasure.store.filed import Filed
from shared.database import Transaction


async def add_receipts(tx: Transaction, answers: Sequence[Filed[Receipt]]) -> None:
    """Store receipts; a second one of the same request, service and attempt is passed over."""
    facts = [filed.fact for filed in answers]
    await tx.execute(
        """
        insert into saga_receipt (request_id, service, attempt, receipt_id, line_sha256, record_id,
                                  partition, "offset", line, outcome, rows, held,
                                  covered_until, erased_at)
        select request_id, service, attempt, receipt_id, line_sha256, record_id,
               partition, "offset", line, outcome, rows::jsonb, held::jsonb,
               covered_until, erased_at
          from unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::bytea[], $6::bytea[],
                      $7::integer[], $8::bigint[], $9::integer[], $10::text[], $11::text[],
                      $12::text[], $13::timestamptz[], $14::timestamptz[])
               with ordinality
               as said (request_id, service, attempt, receipt_id, line_sha256, record_id,
                        partition, "offset", line, outcome, rows, held,
                        covered_until, erased_at, place)
         order by place
            on conflict (request_id, service, attempt) do nothing
        """,
        [filed.request_id for filed in answers],
        [fact.by for fact in facts],
        [fact.attempt for fact in facts],
        [fact.receipt_id for fact in facts],
        [bytes.fromhex(fact.digest) for fact in facts],
        [filed.record_id for filed in answers],
        [fact.place.partition for fact in facts],
        [fact.place.offset for fact in facts],
        [fact.place.line for fact in facts],
        [fact.outcome.value for fact in facts],
        [_json(fact.rows) for fact in facts],
        [_json([held.model_dump() for held in fact.held]) for fact in facts],
        [fact.covered_until for fact in facts],
        [fact.erased_at for fact in facts],
    )


async def add_read_backs(tx: Transaction, answers: Sequence[Filed[ReadBack]]) -> None:
    """Store read-backs; a second one about the same receipt line is passed over."""
    facts = [filed.fact for filed in answers]
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
        [filed.request_id for filed in answers],
        [fact.service for fact in facts],
        [fact.attempt for fact in facts],
        [bytes.fromhex(fact.receipt_sha256) for fact in facts],
        [bytes.fromhex(fact.digest) for fact in facts],
        [filed.record_id for filed in answers],
        [fact.place.partition for fact in facts],
        [fact.place.offset for fact in facts],
        [fact.place.line for fact in facts],
        [fact.remaining for fact in facts],
        [fact.method.value for fact in facts],
        [fact.key_id for fact in facts],
        [fact.verified_at for fact in facts],
    )


def _json(value: object) -> str:
    """Write JSON as text: the driver would take a list in a list for an array of two dimensions."""
    return orjson.dumps(value).decode()


async def mark_ready(tx: Transaction, requests: Sequence[UUID]) -> bool:
    """Put sagas that may have every answer before the certifier; say whether there was one.

    Only a hint that spares the certifier from looking at all of them: the reducer decides. The
    row is locked even if it is marked already, so that a certifier that is looking at it right
    now either sees this transaction's rows or finds the mark again.
    """
    return bool(
        await tx.execute(
            """
            update open_saga o
               set ready = true
              from (select s.request_id
                      from unnest($1::uuid[]) as told (request_id)
                      join saga s using (request_id)
                      cross join lateral (select count(distinct b.service) as services
                                            from saga_read_back b
                                           where b.request_id = s.request_id
                                             and b.remaining = 0
                                          offset 0) as seen
                     where seen.services >= cardinality(s.participants)) as complete
             where o.request_id = complete.request_id
            """,
            list(set(requests)),
        )
    )
