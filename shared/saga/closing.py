"""A slice closes subjects: one transaction, one statement per table, one receipt per request."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from contracts.messages import (
    ConsentWithdrawn,
    Held,
    SliceErased,
    SliceReerased,
    SubjectsClosed,
    uuid7,
)
from contracts.vocabulary import Method, Outcome, Reason
from shared import mail
from shared.database import Transaction
from shared.inventory import Erased, Inventory, erase
from shared.saga import receipts
from shared.saga.again import left_of
from shared.saga.claims import Claim, Find, Told
from shared.saga.decisions import POLICY_VERSION, closed_root, covered_until, in_lines, left_out
from shared.saga.waiting import Asked, Why

METHODS = {
    Reason.REQUESTED: Method.ERASURE,
    Reason.WITHDRAWN: Method.PAGE,
    Reason.REPLACED: Method.REPLACED,
}


@dataclass(frozen=True, slots=True)
class Slice:
    """What a participant is: its inventory, and how it finds a request's subjects."""

    inventory: Inventory
    find: Find


async def close_requests(  # noqa: PLR0917 - what is known of one batch
    tx: Transaction,
    part: Slice,
    asked: Sequence[Asked],
    told: Mapping[UUID, Told],
    passed_at: datetime,
    before: Mapping[UUID, receipts.Stored],
) -> dict[UUID, Why]:
    """Erase what resolved requests name and sign their receipts, all in this transaction.

    A request that has a receipt here already (`before`: the latest by request) is closed again: it
    gets another attempt if something was left, and nothing at all if not. Returns the requests
    that must wait, with why: a mail to their person is under way.
    """
    claims = [_claim(each, told[each.request_id], passed_at) for each in asked]
    if not claims:
        return {}
    mine = await _find(tx, part, claims)
    busy = await mail.leased(tx, {subject for subjects in mine.values() for subject in subjects})
    late = {request: Why.MAIL for request, subjects in mine.items() if subjects & busy}
    asked_by_id = {each.request_id: each for each in asked}
    works = [
        Work(
            receipt_id=stored.receipt_id if (stored := before.get(claim.request_id)) else uuid7(),
            request_id=claim.request_id,
            attempt=stored.attempt + 1 if stored else 0,
            reason=Reason.REQUESTED,
            subjects=frozenset(mine[claim.request_id]),
            covered_until=claim.covered_until,
        )
        for claim in claims
        if claim.request_id not in late
        and (claim.request_id not in before or mine[claim.request_id])
    ]
    await close(tx, part.inventory, works, asked_by_id)
    # Who comes back is a stranger: also to the counters that keep mails few.
    over = (claim for claim in claims if claim.request_id not in late)
    await mail.forget(tx, {address for claim in over for address in claim.addresses})
    return late


def _claim(asked: Asked, told: Told, passed_at: datetime) -> Claim:
    until = covered_until(asked.cutoff, passed_at)
    return Claim(asked.request_id, until, told.addresses, told.subjects)


async def _find(tx: Transaction, part: Slice, claims: Sequence[Claim]) -> dict[UUID, set[UUID]]:
    """Find each request's subjects that began before its cut-off, and lock them.

    The lock makes a late writer wait for this transaction and then fail its foreign key.
    """
    found = await part.find(tx, claims, max(claim.covered_until for claim in claims))
    until = {claim.request_id: claim.covered_until for claim in claims}
    pairs = [(request, subject) for request, ids in found.items() for subject in ids]
    rows = await tx.fetch(
        """
        select subject_id, address_since
          from subject
         where subject_id = any($1::uuid[])
         order by subject_id
           for update
        """,
        sorted({subject for _, subject in pairs}),
    )
    since = {row["subject_id"]: row["address_since"] for row in rows}
    began: dict[UUID, set[UUID]] = {}
    for request, subject in pairs:
        if subject in since and since[subject] <= until[request]:
            began.setdefault(request, set()).add(subject)
    return left_out(
        {claim.request_id: found.get(claim.request_id, set()) for claim in claims}, began
    )


@dataclass(frozen=True, slots=True)
class Work:
    """One receipt's worth of erasing."""

    receipt_id: UUID
    request_id: UUID | None
    attempt: int
    reason: Reason
    subjects: frozenset[UUID]
    covered_until: datetime
    method: Method | None = None  # how consents ended, where the reason does not say it


@dataclass(frozen=True, slots=True)
class Done:
    """What one work did: rows deleted by table, what is kept, if counts remain, who is told."""

    rows: Mapping[str, int]
    held: tuple[Held, ...] = ()
    counted: bool = False
    recipients: frozenset[str] = frozenset()

    @classmethod
    def of(cls, erased: Erased, subjects: Collection[UUID]) -> Self:
        """Take one work's part of what was erased."""
        counted = not erased.counted.isdisjoint(subjects)
        told = frozenset(erased.told_of(subjects))
        return cls(erased.rows_of(subjects), erased.held_of(subjects), counted, told)

    @property
    def outcome(self) -> Outcome:
        """Say it in one word: kept wins over counted, and nothing is never *deleted*."""
        if self.held:
            return Outcome.HELD
        if self.counted:
            return Outcome.ANONYMISED
        return Outcome.DELETED if sum(self.rows.values()) else Outcome.HELD_NOTHING


async def close_batch(
    tx: Transaction,
    inventory: Inventory,
    subjects: Collection[UUID],
    reason: Reason,
    method: Method | None = None,
) -> set[UUID]:
    """Delete subjects that nobody asked to erase, with one batch receipt and no request.

    For what ended by itself: unconfirmed, withdrawn, replaced, over its time. A subject that is
    gone already, or whose mail is just being handed over, is passed over: the caller's next turn
    finds the latter again. Returns the subjects that were deleted; no receipt for none.
    """
    rows = await tx.fetch(
        """
        select subject_id
          from subject
         where subject_id = any($1::uuid[])
         order by subject_id
           for update
        """,
        sorted(subjects),
    )
    present = {row["subject_id"] for row in rows}
    ended = present - await mail.leased(tx, present)
    if ended:
        work = Work(uuid7(), None, 0, reason, frozenset(ended), tx.now, method)
        await close(tx, inventory, [work], {})
    return ended


async def close(
    tx: Transaction, inventory: Inventory, works: Sequence[Work], asked: Mapping[UUID, Asked]
) -> None:
    """Erase all subjects of all works at once; tell closed ids, receipts, ended consents."""
    requests = {subject: work.request_id for work in works for subject in work.subjects}
    await _end_consents(tx, works)
    erased = await erase(tx, inventory, requests, requests=requests)
    done = {work.receipt_id: Done.of(erased, work.subjects) for work in works}
    await tell(tx, inventory, works, done, asked)


async def tell(
    tx: Transaction,
    inventory: Inventory,
    works: Sequence[Work],
    done: Mapping[UUID, "Done"],
    asked: Mapping[UUID, Asked],
) -> None:
    """Tell closed ids and receipts of works that are done, and store the receipts' bytes.

    `done` is what each did, by receipt id.
    """
    for work in works:
        tx.tell(*_closed(work))
    done = await _with_earlier(tx, works, done)
    tx.tell(*(_receipt(tx, inventory, work, done[work.receipt_id]) for work in works))
    sealed = await tx.flush()
    await receipts.store(tx, receipts.of_sealed(sealed), asked)


async def _with_earlier(
    tx: Transaction, works: Sequence[Work], done: Mapping[UUID, Done]
) -> Mapping[UUID, Done]:
    """Let who erases again say what all attempts left behind: its receipt takes their place."""
    again = {work.receipt_id: work.request_id for work in works if work.attempt and work.request_id}
    if not again:
        return done
    left = await left_of(tx, again.values())
    return {
        receipt: replace(
            one, held=left[again[receipt]].held, recipients=left[again[receipt]].recipients
        )
        if receipt in again
        else one
        for receipt, one in done.items()
    }


async def _end_consents(tx: Transaction, works: Sequence[Work]) -> None:
    """Tell that the consents of who is deleted have ended: their evidence outlives the person."""
    methods = {
        subject: work.method or METHODS.get(work.reason, Method.ERASURE)
        for work in works
        for subject in work.subjects
    }
    rows = await tx.fetch(
        "select consent_id, subject_id, purpose from consent where subject_id = any($1::uuid[])",
        sorted(methods),
    )
    tx.tell(
        *(
            ConsentWithdrawn(
                consent_id=row["consent_id"],
                purpose=row["purpose"],
                method=methods[row["subject_id"]],
                withdrawn_at=tx.now,
            )
            for row in rows
        )
    )


def _closed(work: Work) -> Iterable[SubjectsClosed]:
    lines = in_lines(work.subjects)
    for number, ids in enumerate(lines, 1):
        yield SubjectsClosed(
            receipt_id=work.receipt_id,
            request_id=work.request_id,
            attempt=work.attempt,
            number=number,
            of=len(lines),
            subject_ids=ids,
        )


def _receipt(
    tx: Transaction, inventory: Inventory, work: Work, done: Done
) -> SliceErased | SliceReerased:
    """Make a work's receipt: nothing erased is *held-nothing*, never *deleted*."""
    fields = {
        "receipt_id": work.receipt_id,
        "request_id": work.request_id,
        "reason": work.reason,
        "outcome": done.outcome,
        "rows": {table: count for table, count in done.rows.items() if count},
        "held": done.held,
        "recipients": tuple(sorted(done.recipients)) if work.request_id else (),
        "closed_count": len(work.subjects),
        "closed_root": closed_root(work.subjects).hex(),
        "inventory_sha256": inventory.sha256,
        "policy_version": POLICY_VERSION,
        "covered_until": work.covered_until,
        "erased_at": tx.now,
    }
    if work.attempt:
        return SliceReerased(attempt=work.attempt, **fields)
    return SliceErased(**fields)
