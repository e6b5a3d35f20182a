"""One transaction for a batch of one partition: position, inbox, effects, what is set aside.

The first try runs the reactions on the whole batch. If that fails for a reason that does not pass
by itself, a second transaction halves the batch in savepoints, so that one bad line costs only
itself and what follows it about the same id.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from contracts.messages import (
    ErasureRequested,
    SliceErased,
    SliceFailed,
    SliceReerased,
    SliceVerified,
)
from contracts.topics import REGISTER
from shared.consumer import cursor, store
from shared.consumer.halving import Failed, FollowsFailed, halve
from shared.consumer.lines import AnyLine, Delivery, Line, Park, Reader, Unreadable
from shared.consumer.opening import Batch
from shared.crash import crash
from shared.database import Database, Transaction, is_transient
from shared.keys.first import REGISTER_TYPES

log = structlog.get_logger()
AnyItem = AnyLine | Unreadable
OURS: Final = ("contracts.", "shared.", "services.")


class NotAMessage(Exception):  # noqa: N818 - the class of the error, as a person sees it
    """A line of a proven record is no message that this version knows."""


class RegisterUnreadable(Exception):  # noqa: N818
    """Keys or register cannot be worked: who may speak is unknown, so the process stops."""


class ReactionFailed(Exception):  # noqa: N818
    """A reaction failed with an error that is none of ours."""


def passes_by_itself(error: BaseException) -> bool:
    """Whether the error says nothing about the lines: block the partition and try again."""
    return is_transient(error) or isinstance(
        error, cursor.StaleOwner | KafkaError | RegisterUnreadable
    )


async def work(
    database: Database, reader: Reader, batch: Batch, expected: int, *, catching_up: bool
) -> None:
    """Commit everything a batch means, exactly once.

    `expected` is the stored position. Raises what passes by itself, with nothing done;
    RegisterUnreadable if keys or register cannot be worked.
    """
    wanted = [
        line
        for line in batch.lines
        if isinstance(line, Line) and type(line.message) in reader.reactions
    ]
    context = None
    if reader.before is not None and wanted:
        context = await reader.before(wanted)
    try:
        async with database.begin() as tx:
            tx.context, tx.catching_up = context, catching_up
            lines, failed = await _enter(tx, reader, batch, expected)
            await _react(reader, tx, lines)
            await _leave(tx, reader, batch, failed)
    except Exception as error:
        if passes_by_itself(error):
            raise
        log.warning("batch-halved", service=reader.service, error=error)
    else:
        crash("consumer:after-commit")
        return
    async with database.begin() as tx:
        tx.context, tx.catching_up = context, catching_up
        lines, failed = await _enter(tx, reader, batch, expected)
        failed += await _halved(reader, tx, lines)
        await _leave(tx, reader, batch, failed)


async def _enter(
    tx: Transaction, reader: Reader, batch: Batch, expected: int
) -> tuple[list[AnyLine], list[Failed[AnyItem]]]:
    """Take the position, then sort out what was seen before or stands behind a parked line.

    Returns the lines to work and those that are set aside without being tried.
    """
    await cursor.advance(tx, batch.topic, batch.partition, expected, batch.next_offset)
    fresh = await _fresh(tx, reader, batch.deliveries)
    if reader.evidence is not None and fresh:
        await reader.evidence(tx, list(fresh.values()))
    wanted: list[AnyLine] = []
    failed: list[Failed[AnyItem]] = []
    for line in batch.lines:
        if id(line.delivery) not in fresh:
            continue
        if isinstance(line, Unreadable):
            failed.append(Failed(line, NotAMessage()))
        elif type(line.message) in reader.reactions:
            wanted.append(line)
    behind = await store.set_aside(tx, {line.event.subject for line in wanted}) if wanted else set()
    if not behind:
        return wanted, failed
    follows = _follower(reader)
    held = [line for line in wanted if line.event.subject in behind and follows(line)]
    failed += [Failed(line, FollowsFailed()) for line in held]
    keep = {id(line) for line in held}
    return [line for line in wanted if id(line) not in keep], failed


async def _fresh(
    tx: Transaction, reader: Reader, deliveries: Sequence[Delivery]
) -> dict[int, Delivery]:
    """Return the deliveries whose effect is still to come, by the id of the object.

    Where state is final, a copy has no effect anyway and no inbox row is written for it.
    """
    replayable = {kind.type.value for kind in reader.replayable}
    asked: dict[bytes, Delivery] = {}
    fresh: dict[int, Delivery] = {}
    for delivery in deliveries:
        if delivery.record.type in replayable:
            fresh[id(delivery)] = delivery
        else:
            asked.setdefault(delivery.record_id, delivery)
    if asked:
        for record_id in await store.unseen(tx, list(asked)):
            delivery = asked[record_id]
            fresh[id(delivery)] = delivery
    return {id(d): d for d in deliveries if id(d) in fresh}


def _follower(reader: Reader) -> Callable[[AnyLine], bool]:
    """Say which lines wait behind a parked one of the same id.

    Own receipts and verifications are always stored at once.
    """

    def follows(line: AnyLine) -> bool:
        message = line.message
        if type(message) in reader.unordered:
            return False
        if isinstance(message, SliceErased | SliceReerased):
            return line.event.source != reader.service
        if isinstance(message, SliceVerified):
            return message.service != reader.service
        return True

    return follows


async def _react(reader: Reader, tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Run the reactions: adjacent lines of one type together, in offset order."""
    for kind, run in groupby(lines, key=lambda line: type(line.message)):
        await reader.reactions[kind](tx, list(run))


async def _halved(
    reader: Reader, tx: Transaction, lines: Sequence[AnyLine]
) -> list[Failed[AnyItem]]:
    """Work the lines in savepoints, return those that cannot be."""
    follows = _follower(reader)

    async def attempt(some: Sequence[AnyLine]) -> None:
        async with tx.savepoint():
            await _react(reader, tx, some)
            await tx.flush()

    failed = await halve(
        lines,
        attempt,
        follows=lambda line, bad: line.event.subject == bad.event.subject and follows(line),
        passes_by_itself=passes_by_itself,
    )
    return [Failed(entry.item, entry.error) for entry in failed]


async def _leave(
    tx: Transaction, reader: Reader, batch: Batch, failed: Sequence[Failed[AnyItem]]
) -> None:
    """Keep what could not be worked, and say so to those who wait for an answer."""
    for entry in failed:
        _stop_for_register(entry.item)
        message = None if isinstance(entry.item, Unreadable) else entry.item.message
        log.error(
            "line-parked",
            service=reader.service,
            topic=batch.topic,
            partition=batch.partition,
            offset=entry.item.delivery.offset,
            line=entry.item.line,
            error=entry.error,
        )
        if isinstance(message, ErasureRequested) and reader.service in message.participants:
            tx.tell(SliceFailed(request_id=message.request_id, error=our_name(entry.error)))
    for refused in batch.refused:
        log.error(
            "record-quarantined",
            service=reader.service,
            topic=batch.topic,
            partition=batch.partition,
            offset=refused.offset,
            error=refused.error,
        )
    ordered = sorted(failed, key=lambda entry: (entry.item.delivery.offset, entry.item.line))
    await store.park(tx, [(entry.item, type(entry.error).__name__) for entry in ordered])
    await store.quarantine(tx, batch.topic, batch.partition, batch.refused)
    crash("consumer:before-commit")


def _stop_for_register(line: AnyItem) -> None:
    """Refuse to set keys or register aside. Raises RegisterUnreadable."""
    if line.delivery.record.type in REGISTER_TYPES or store.about(line) == REGISTER:
        raise RegisterUnreadable


def our_name(error: BaseException) -> str:
    """Name an error by its class if the class is ours; never by its text."""
    kind: type[Any] = type(error)
    ours = isinstance(error, Park) or kind.__module__.startswith(OURS)
    return kind.__name__ if ours else ReactionFailed.__name__
