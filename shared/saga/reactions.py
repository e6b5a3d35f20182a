"""What a slice does when others speak of erasure: it acts, answers, and acts again if needed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from contracts.messages import (
    ErasureCertified,
    ErasureRequested,
    HoldEnded,
    Message,
    ProcessorAnswered,
    SagaExtended,
    SagaReminded,
    SliceErased,
    SliceReerased,
    SliceVerified,
    SubjectsClosed,
)
from shared.consumer.lines import AnyLine, Reaction, Reactions
from shared.database import Transaction
from shared.inventory import Inventory
from shared.logs import log
from shared.saga import receipts, waiting
from shared.saga.claims import LATER, Find, Resolved
from shared.saga.closing import Slice, close_requests
from shared.saga.decisions import Answer, retry_at
from shared.saga.restored import own_closed, own_receipt
from shared.saga.said import own_said
from shared.saga.waiting import Asked, Why


def slice_reactions(inventory: Inventory, find: Find) -> dict[type[Message], Reaction]:
    """Everything a participant hears, as reactions for its reader (topics erasure and closed)."""
    part = Slice(inventory, find)
    return {
        ErasureRequested: erase_slice(inventory, find),
        SagaExtended: extended,
        SagaReminded: reminded,
        SliceErased: own_receipt,
        SliceReerased: own_receipt,
        SliceVerified: verified,
        SubjectsClosed: own_closed(part),
        ProcessorAnswered: own_said,
        HoldEnded: own_said,
        ErasureCertified: certified,
    }


def together(*parts: Reactions) -> dict[type[Message], Reaction]:
    """Join what a service hears: reactions to one type run one after the other, in this order."""
    joined: dict[type[Message], Reaction] = {}
    for part in parts:
        for kind, reaction in part.items():
            joined[kind] = _both(joined[kind], reaction) if kind in joined else reaction
    return joined


def _both(first: Reaction, second: Reaction) -> Reaction:
    async def both(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        await first(tx, lines)
        await second(tx, lines)

    return both


def erase_slice(inventory: Inventory, find: Find) -> Reaction:
    """React to erasure-requested: erase what is found, answer with one receipt per request.

    While catching up, requests only wait. A request that was answered is passed over: repeated
    alone it re-sends nothing. One outside the participants waits for a `saga-extended`.
    """
    part = Slice(inventory, find)

    async def erase(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        named = [line for line in lines if tx.service in line.message.participants]
        others = [
            line
            for line in lines
            if tx.service not in line.message.participants and line.message.covers(tx.service)
        ]
        await waiting.add(tx, _entries(others), Why.NOT_NAMED, tx.now)
        if tx.catching_up:
            await waiting.add(tx, _entries(named), Why.CATCHING_UP, tx.now)
            return
        answered = await receipts.latest(tx, {line.message.request_id for line in named})
        fresh = [line for line in named if line.message.request_id not in answered]
        late = await _act(tx, part, {line.message.request_id: _asked(line) for line in fresh})
        for why in sorted(set(late.values())):
            entries = [entry for entry in _entries(fresh) if late.get(entry[0].request_id) is why]
            await waiting.add(tx, entries, why, retry_at(tx.now, 0))

    return erase


async def _act(tx: Transaction, part: Slice, asked: Mapping[UUID, Asked]) -> dict[UUID, Why]:
    """Close what was resolved and has no receipt yet; returns what must wait, with why."""
    context: Resolved = tx.context
    told = {request: context.told.get(request, LATER) for request in asked}
    ready = [each for request, each in asked.items() if told[request].answer is Answer.ALIASES]
    late = {request: Why.ORIGIN for request in asked if told[request].answer is not Answer.ALIASES}
    if context.passed_at is not None:
        late |= await close_requests(tx, part, ready, told, context.passed_at, {})
    return late


async def reminded(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Send a stored receipt's record again as it is; try now what waits."""
    mine = {line.message.request_id for line in lines if line.message.service == tx.service}
    if not mine:
        return
    answered = await receipts.latest(tx, mine)
    await receipts.send_again(tx, answered)
    await waiting.wake(tx, mine, tx.now)


async def extended(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Act on a request of which this service became a participant later."""
    mine = {line.message.request_id for line in lines if tx.service in line.message.participants}
    await waiting.wake(tx, mine, tx.now)


async def certified(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Forget requests that never named this service: nobody will extend them now."""
    await waiting.drop_not_named(tx, {line.message.request_id for line in lines})


async def verified(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Erase again where this slice's verifier still found something of the latest receipt."""
    mine = {
        line.message.request_id: line
        for line in lines
        if line.message.service == tx.service and line.message.remaining
    }
    if not mine:
        return
    log.error("left-over", service=tx.service, count=len(mine))
    stored = await receipts.latest(tx, [request for request in mine if request is not None])
    again = [
        (each.asked, mine[request])
        for request, each in stored.items()
        if each.asked is not None and each.line_sha256.hex() == mine[request].message.receipt_sha256
    ]
    await waiting.add(tx, again, Why.LEFT_OVER, tx.now)


def _asked(line: AnyLine) -> Asked:
    message = line.message
    return Asked(message.request_id, message.origin, message.cutoff)


def _entries(lines: Sequence[AnyLine]) -> list[tuple[Asked, AnyLine]]:
    return [(_asked(line), line) for line in lines]
