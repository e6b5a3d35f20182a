"""Receipts that were looked at and wait for a scan: rows of the verifier's own database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.topics import MAX_IDS
from shared.database import Transaction
from shared.saga.looking import Look

BATCH = MAX_IDS  # requests of one scan, which one line can name


@dataclass(frozen=True, slots=True)
class Unscanned:
    """One receipt with what is needed to look for it again; ids as its slice closed them."""

    request_id: UUID
    origin: str
    receipt_id: UUID
    attempt: int
    receipt_sha256: bytes
    covered_until: datetime
    ids: frozenset[UUID]

    @property
    def key(self) -> tuple[UUID, int]:
        """What names it."""
        return self.receipt_id, self.attempt


async def add(tx: Transaction, looks: Sequence[Look]) -> None:
    """Let receipts that were read back with nothing left wait for the scan.

    A later attempt takes the place of an earlier one. What nobody asked for has no address to be
    looked for, and a request whose origin is unknown by now has none any more.
    """
    asked = list(_latest(looks))
    if not asked:
        return
    await tx.execute(
        """
        insert into unscanned as u (request_id, origin, receipt_id, attempt, receipt_sha256,
                                    covered_until, subject_ids)
        select request_id, origin, receipt_id, attempt, receipt_sha256, covered_until,
               string_to_array(subject_ids, ',')::uuid[]
          from unnest($1::uuid[], $2::text[], $3::uuid[], $4::integer[], $5::bytea[],
                      $6::timestamptz[], $7::text[])
               as told (request_id, origin, receipt_id, attempt, receipt_sha256, covered_until,
                        subject_ids)
            on conflict (request_id) do update
           set receipt_id = excluded.receipt_id, attempt = excluded.attempt,
               receipt_sha256 = excluded.receipt_sha256,
               covered_until = excluded.covered_until,
               subject_ids = u.subject_ids || excluded.subject_ids,
               left_over = false
         where u.attempt < excluded.attempt
        """,
        [each.request_id for each in asked],
        [each.origin for each in asked],
        [each.receipt_id for each in asked],
        [each.attempt for each in asked],
        [each.receipt_sha256 for each in asked],
        [each.covered_until for each in asked],
        [",".join(map(str, sorted(each.ids))) for each in asked],
    )


def _latest(looks: Sequence[Look]) -> Iterable[Look]:
    """Keep the latest attempt of each request, with the ids of all of them."""
    found: dict[UUID, Look] = {}
    for each in sorted(looks, key=lambda look: look.attempt):
        if each.request_id is not None and each.origin is not None:
            before = found.get(each.request_id)
            found[each.request_id] = replace(each, ids=each.ids | before.ids) if before else each
    return found.values()


async def waiting(tx: Transaction) -> list[Unscanned]:
    """List up to 5,000 receipts that wait, the oldest requests first."""
    rows = await tx.fetch(
        """
        select request_id, origin, receipt_id, attempt, receipt_sha256, covered_until,
               subject_ids as ids
          from unscanned
         order by request_id
         limit $1
        """,
        BATCH,
    )
    return [Unscanned(**{**row, "ids": frozenset(row["ids"])}) for row in map(dict, rows)]


async def done(tx: Transaction, scanned: Sequence[Unscanned]) -> list[Unscanned]:
    """Take away what was scanned; gives those that were still waiting with the same receipt."""
    if not scanned:
        return []
    rows = await tx.fetch(
        """
        delete from unscanned u
         using unnest($1::uuid[], $2::bytea[]) as over (request_id, receipt_sha256)
         where u.request_id = over.request_id
           and u.receipt_sha256 = over.receipt_sha256
        returning u.request_id
        """,
        [each.request_id for each in scanned],
        [each.receipt_sha256 for each in scanned],
    )
    gone = {row["request_id"] for row in rows}
    return [each for each in scanned if each.request_id in gone]


async def mark_left_over(tx: Transaction, scanned: Sequence[Unscanned]) -> list[Unscanned]:
    """Keep for the next scan what something was left of; gives those of which nobody said so."""
    rows = await tx.fetch(
        """
        update unscanned u
           set left_over = true
          from unnest($1::uuid[], $2::bytea[]) as seen (request_id, receipt_sha256)
         where u.request_id = seen.request_id
           and u.receipt_sha256 = seen.receipt_sha256
           and not u.left_over
        returning u.request_id
        """,
        [each.request_id for each in scanned],
        [each.receipt_sha256 for each in scanned],
    )
    new = {row["request_id"] for row in rows}
    return [each for each in scanned if each.request_id in new]
