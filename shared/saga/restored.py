"""A slice hears itself: what a restored backup forgot is stored again, what it brought back ends.

The topics outlive a database. A service that reads its own receipts and closed ids from where its
restored cursor stands therefore learns what it had done since the backup.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from contracts.fields import MAX_HELD, Held
from contracts.vocabulary import Ground, Reason
from shared.consumer.lines import AnyLine, Reaction
from shared.database import Transaction, pack_headers
from shared.inventory import erase
from shared.logs import log
from shared.saga import receipts, waiting
from shared.saga.closing import Done, Slice, Work, tell
from shared.saga.receipts import Row


async def own_receipt(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Store a receipt of one's own again if it is missing here."""
    mine = [line for line in lines if line.event.source == tx.service]
    if not mine:
        return
    known = await receipts.known(tx, {line.message.receipt_id for line in mine})
    missing = [
        line for line in mine if (line.message.receipt_id, line.message.attempt) not in known
    ]
    if not missing:
        return
    requests = [line.message.request_id for line in missing if line.message.request_id]
    asked = await waiting.about(tx, requests)
    await receipts.store(tx, [_row(line) for line in missing], asked)


def _row(line: AnyLine) -> Row:
    return Row(
        line.message,
        line.record_id,
        line.topic,
        line.partition,
        line.delivery.value,
        pack_headers(line.delivery.headers),
        line.line,
        line.bytes,
    )


def own_closed(part: Slice) -> Reaction:
    """React to subjects-closed of one's own: whoever is here again is deleted again at once.

    What was deleted is noted in `reclosed`: `slice-reerased` needs the number of the latest
    attempt, which is known only when the end of the topic is reached (`tell_reclosed`).
    """

    async def close_again(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        mine = [line for line in lines if line.event.source == tx.service]
        closed = {subject for line in mine for subject in line.message.subject_ids}
        if not closed:
            return
        rows = await tx.fetch(
            "select subject_id from subject where subject_id = any($1::uuid[])", list(closed)
        )
        present = {row["subject_id"] for row in rows}
        if not present:
            return
        await _close_again(tx, part, mine, present)

    return close_again


async def _close_again(
    tx: Transaction, part: Slice, lines: Sequence[AnyLine], present: Collection[UUID]
) -> None:
    """Delete and note them; who was deleted by something else meanwhile is not ours to answer."""
    places = [
        (subject, line.message)
        for line in lines
        for subject in line.message.subject_ids
        if subject in present
    ]
    requests = {subject: message.request_id for subject, message in places}
    erased = await erase(tx, part.inventory, present, requests=requests)
    closed = set(erased.closed)
    if not closed:
        return
    log.warning("closed-again", service=tx.service, count=len(closed))
    await tx.executemany(
        """
        insert into reclosed (receipt_id, request_id, subject_id, rows, held, recipients)
        values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing
        """,
        [
            (
                message.receipt_id,
                message.request_id,
                subject,
                dict(erased.rows_of({subject})),
                [one.model_dump(mode="json") for one in erased.held_of({subject})],
                sorted(erased.told_of({subject})),
            )
            for subject, message in places
            if subject in closed
        ],
    )


async def tell_reclosed(tx: Transaction, part: Slice) -> int:
    """Say what was closed again: one more attempt for each receipt concerned; count them.

    A receipt that was lost with the outbox of the old database is given now, for the first time.
    """
    rows = await tx.fetch(
        """
        delete from reclosed
        returning receipt_id, request_id, subject_id, rows, held, recipients
        """
    )
    groups: dict[UUID, list[Any]] = {}
    for row in rows:
        groups.setdefault(row["receipt_id"], []).append(row)
    stored = await receipts.last_attempts(tx, groups)
    asked = await waiting.about(tx, {row["request_id"] for row in rows if row["request_id"]})
    works, done = [], {}
    for receipt, group in groups.items():
        request, before = group[0]["request_id"], stored.get(receipt)
        known = asked.get(request)
        works.append(
            Work(
                receipt_id=receipt,
                request_id=request,
                attempt=before.attempt + 1 if before else 0,
                reason=Reason.REQUESTED if request else Reason.RETENTION_OVER,
                subjects=frozenset(row["subject_id"] for row in group),
                covered_until=before.covered_until if before else known.cutoff if known else tx.now,
            )
        )
        done[receipt] = _done(group)
    if works:
        await tell(tx, part.inventory, works, done, asked)
    return len(works)


def _done(group: Sequence[Any]) -> Done:
    rows = sum((Counter(row["rows"]) for row in group), Counter[str]())
    held: Counter[tuple[Any, ...]] = Counter()
    for one in (each for row in group for each in row["held"]):
        held[one["ground"], one["reference"], one["until"]] += one["rows"]
    told = frozenset(name for row in group for name in row["recipients"])
    kept = tuple(
        Held(ground=Ground(ground), reference=reference, until=until, rows=count)
        for (ground, reference, until), count in sorted(held.items())
    )
    return Done(dict(rows), kept[:MAX_HELD], recipients=told)
