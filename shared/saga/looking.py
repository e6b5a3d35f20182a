"""What a verifier has to look at: rows of its own small database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from contracts.fields import Held
from shared.consumer.lines import AnyLine
from shared.database import Transaction

BATCH = 500  # receipts in one look
IDS_COME_WITHIN = timedelta(seconds=1)  # of their receipt; later the verifier says that it waits


@dataclass(frozen=True, slots=True)
class Look:
    """One receipt to look at; `ids` are those that arrived; `origin` is None if nobody asked."""

    receipt_id: UUID
    attempt: int
    request_id: UUID | None
    receipt_sha256: bytes
    closed_count: int
    closed_root: bytes
    covered_until: datetime
    tries: int
    ids: frozenset[UUID]
    origin: str | None
    cutoff: datetime | None
    held: tuple[Held, ...] | None  # None: noted by a release that did not look at it

    @property
    def key(self) -> tuple[UUID, int]:
        """What names it."""
        return self.receipt_id, self.attempt


async def note_asked(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Remember origin and cut-off of requests that this slice must answer."""
    await tx.execute(
        """
        insert into asked (request_id, origin, cutoff)
        select * from unnest($1::uuid[], $2::text[], $3::timestamptz[])
            on conflict do nothing
        """,
        [line.message.request_id for line in lines],
        [line.message.origin for line in lines],
        [line.message.cutoff for line in lines],
    )


async def note_receipts(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Remember receipts to look at, at once; one sent again changes nothing while it waits."""
    await tx.execute(
        """
        insert into looking (receipt_id, attempt, request_id, receipt_sha256, closed_count,
                             closed_root, covered_until, held, next_try_at)
        select receipt_id, attempt, request_id, sha256, count, root, until, held::jsonb, $9
          from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::bytea[], $5::bigint[],
                      $6::bytea[], $7::timestamptz[], $8::text[])
               as told (receipt_id, attempt, request_id, sha256, count, root, until, held)
            on conflict do nothing
        """,
        [line.message.receipt_id for line in lines],
        [line.message.attempt for line in lines],
        [line.message.request_id for line in lines],
        [sha256(line.bytes).digest() for line in lines],
        [line.message.closed_count for line in lines],
        [bytes.fromhex(line.message.closed_root) for line in lines],
        [line.message.covered_until for line in lines],
        [_written(line.message.held) for line in lines],
        tx.now,
    )


async def note_closed(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Keep closed ids until their receipt was looked at."""
    await tx.execute(
        """
        insert into closed (receipt_id, attempt, number, subject_ids)
        select receipt_id, attempt, number, string_to_array(subject_ids, ',')::uuid[]
          from unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[])
               as told (receipt_id, attempt, number, subject_ids)
            on conflict do nothing
        """,
        [line.message.receipt_id for line in lines],
        [line.message.attempt for line in lines],
        [line.message.number for line in lines],
        [",".join(map(str, line.message.subject_ids)) for line in lines],
    )


async def forget_asked(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Forget requests whose aliases have ended; only the word of a request's own origin counts.

    Whoever else could make this verifier forget where to ask would have it look by ids alone. A
    restored database also forgets their first receipts: it answered them before it was restored,
    since no alias ends earlier, and nobody can tell it any more whom they were about.
    """
    told = (
        [line.message.request_id for line in lines],
        [line.event.source for line in lines],
    )
    over = """
        delete from asked a
         using unnest($1::uuid[], $2::text[]) as told (request_id, by)
         where a.request_id = told.request_id
           and a.origin = told.by
        """
    if not tx.catching_up:
        await tx.execute(over, *told)
        return
    await tx.execute(
        f"""
        with over as ({over} returning a.request_id),
             answered as (
             delete from looking l using over
              where l.request_id = over.request_id
                and l.attempt = 0
             returning l.receipt_id)
        delete from closed c using answered
         where c.receipt_id = answered.receipt_id
           and c.attempt = 0
        """,
        *told,
    )


async def due(tx: Transaction) -> list[Look]:
    """Take up to 500 receipts that are due, locked, with the ids that have arrived.

    Closed ids come on another topic, so a receipt may be here before them: without any of its
    ids it is left for a second, until they come and wake the verifier.
    """
    rows = await tx.fetch(
        """
        with mine as (
            select *
              from looking l
             where next_try_at <= $1
               and (closed_count = 0
                    or next_try_at <= $2
                    or exists (select
                                 from closed c
                                where c.receipt_id = l.receipt_id
                                  and c.attempt = l.attempt
                               offset 0))
             order by next_try_at
             limit $3
               for update skip locked
        )
        select mine.receipt_id, mine.attempt, mine.request_id, mine.receipt_sha256,
               mine.closed_count, mine.closed_root, mine.covered_until, mine.tries, mine.held,
               array(select id
                       from closed c, unnest(c.subject_ids) as id
                      where c.receipt_id = mine.receipt_id
                        and c.attempt = mine.attempt) as ids,
               asked.origin, asked.cutoff
          from mine
          left join asked using (request_id)
        """,
        tx.now,
        tx.now - IDS_COME_WITHIN,
        BATCH,
    )
    return [_look(row) for row in map(dict, rows)]


def _written(held: Sequence[Held]) -> str:
    return orjson.dumps([one.model_dump(mode="json") for one in held]).decode() if held else "[]"


def _look(row: dict[str, Any]) -> Look:
    held = None if row["held"] is None else tuple(map(Held.model_validate, row["held"]))
    return Look(**{**row, "ids": frozenset(row["ids"]), "held": held})


async def done(tx: Transaction, looks: Sequence[Look]) -> None:
    """Forget receipts that were answered, and their ids."""
    for table in ("looking", "closed"):
        await tx.execute(
            f"""
            delete from {table} t
             using unnest($1::uuid[], $2::integer[]) as over (receipt_id, attempt)
             where t.receipt_id = over.receipt_id
               and t.attempt = over.attempt
            """,
            [look.receipt_id for look in looks],
            [look.attempt for look in looks],
        )


async def put_off(tx: Transaction, until: Mapping[tuple[UUID, int], tuple[datetime, str]]) -> None:
    """Look again later, and say why: nothing is answered without having looked."""
    await tx.execute(
        """
        update looking l
           set next_try_at = late.at, tries = l.tries + 1, reason = late.reason
          from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::text[])
               as late (receipt_id, attempt, at, reason)
         where l.receipt_id = late.receipt_id
           and l.attempt = late.attempt
        """,
        [receipt for receipt, _ in until],
        [attempt for _, attempt in until],
        [at for at, _ in until.values()],
        [reason for _, reason in until.values()],
    )
