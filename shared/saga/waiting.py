"""Requests that a slice could not act on yet, and when it tries again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.consumer.lines import AnyLine
from shared.database import Transaction
from shared.saga.decisions import MAX_CLAIMS


class Why(StrEnum):
    """Why a request waits."""

    CATCHING_UP = "catching-up"  # everything is closed again only after the end is reached
    ORIGIN = "origin"  # its origin did not answer
    MAIL = "mail"  # a mail to the person is being handed over
    NOT_NAMED = "not-named"  # in scope, but not a participant unless the saga is extended
    LEFT_OVER = "left-over"  # the verifier still found something
    FAILED = "failed"  # told as slice-failed; tried again when reminded


IDLE = frozenset({Why.NOT_NAMED, Why.FAILED})  # no clock moves these


@dataclass(frozen=True, slots=True)
class Asked:
    """What a slice must know of a request to act on it; `cutoff` is UTC."""

    request_id: UUID
    origin: str
    cutoff: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request that waits."""

    asked: Asked
    tries: int
    why: Why


async def add(
    tx: Transaction, entries: Sequence[tuple[Asked, AnyLine]], why: Why, at: datetime
) -> None:
    """Keep requests for a later try at `at`, each with the line that said so.

    One that waits already stays as it is.
    """
    if not entries:
        return
    await tx.execute(
        """
        insert into waiting (request_id, origin, cutoff, next_try_at, reason,
                             message, topic, partition, "offset", line)
        select request_id, origin, cutoff, $9, $10, message, topic, partition, "offset", line
          from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bytea[], $5::text[],
                      $6::integer[], $7::bigint[], $8::integer[])
               as late (request_id, origin, cutoff, message, topic, partition, "offset", line)
            on conflict (request_id) do nothing
        """,
        [asked.request_id for asked, _ in entries],
        [asked.origin for asked, _ in entries],
        [asked.cutoff for asked, _ in entries],
        [line.bytes for _, line in entries],
        [line.topic for _, line in entries],
        [line.partition for _, line in entries],
        [line.offset for _, line in entries],
        [line.line for _, line in entries],
        at,
        why.value,
    )


async def due(tx: Transaction, now: datetime) -> list[Waiting]:
    """Look at up to 500 requests whose next try is due, oldest first; nothing is locked."""
    rows = await tx.fetch(
        """
        select request_id, origin, cutoff, tries, reason
          from waiting
         where next_try_at <= $1
           and reason <> all($2::text[])
         order by next_try_at
         limit $3
        """,
        now,
        sorted(IDLE),
        MAX_CLAIMS,
    )
    return [_waiting(row) for row in rows]


async def take(tx: Transaction, requests: Collection[UUID]) -> list[Waiting]:
    """Lock those of the requests that still wait and nobody else works on, in log order."""
    rows = await tx.fetch(
        """
        select request_id, origin, cutoff, tries, reason
          from waiting
         where request_id = any($1::uuid[])
         order by partition, "offset", line
           for update skip locked
        """,
        list(requests),
    )
    return [_waiting(row) for row in rows]


async def put_off(tx: Transaction, until: Mapping[UUID, tuple[datetime, int, Why]]) -> None:
    """Say when each request is tried again, how often it was tried, and why it waits."""
    await tx.execute(
        """
        update waiting w
           set next_try_at = late.at, tries = late.tries, reason = late.reason
          from unnest($1::uuid[], $2::timestamptz[], $3::integer[], $4::text[])
               as late (request_id, at, tries, reason)
         where w.request_id = late.request_id
        """,
        list(until),
        [at for at, _, _ in until.values()],
        [tries for _, tries, _ in until.values()],
        [why.value for _, _, why in until.values()],
    )


async def wake(tx: Transaction, requests: Collection[UUID], now: datetime) -> None:
    """Try these now: they were reminded of, or the saga was extended to this service."""
    await tx.execute(
        """
        update waiting w
           set next_try_at = $2, tries = 0,
               reason = case when exists (select from receipt r
                                           where r.request_id = w.request_id)
                             then $4 else $3 end
         where request_id = any($1::uuid[])
        """,
        list(requests),
        now,
        Why.ORIGIN.value,
        Why.LEFT_OVER.value,
    )


async def drop(tx: Transaction, requests: Collection[UUID]) -> None:
    """Forget that these waited: they are answered, or never will concern this slice."""
    await tx.execute("delete from waiting where request_id = any($1::uuid[])", list(requests))


async def drop_not_named(tx: Transaction, requests: Collection[UUID]) -> None:
    """Forget requests that never named this slice."""
    await tx.execute(
        "delete from waiting where request_id = any($1::uuid[]) and reason = $2",
        list(requests),
        Why.NOT_NAMED.value,
    )


async def about(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, Asked]:
    """Give what is known of those of the requests that wait."""
    rows = await tx.fetch(
        "select request_id, origin, cutoff from waiting where request_id = any($1::uuid[])",
        list(requests),
    )
    return {row["request_id"]: Asked(**row) for row in rows}


def _waiting(row: Any) -> Waiting:
    asked = Asked(row["request_id"], row["origin"], row["cutoff"])
    return Waiting(asked, row["tries"], Why(row["reason"]))
