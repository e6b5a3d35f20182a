"""Letting parked lines go: in order, in one transaction, with the reactions of the worker.

A person says so on the command line; the worker does it, since only there the reactions run.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from contracts.errors import BadMessage
from contracts.messages import parse
from contracts.proof import Proof, Record
from shared.consumer import store
from shared.consumer.apply import NotAMessage, our_name, passes_by_itself
from shared.consumer.lines import AnyLine, Delivery, Line, Reader
from shared.consumer.store import Parked
from shared.database import Database

LOOK_EVERY_SECONDS: Final = 1.0

log = structlog.get_logger()


async def release_when_asked(database: Database, reader: Reader) -> None:
    """Release what somebody asked to release, until cancelled."""
    while True:
        try:
            async with database.begin() as tx:
                asked = await store.release_asked(tx)
            for about_id in asked:
                await _try(database, reader, about_id)
        except Exception as error:
            if not passes_by_itself(error):
                raise
            log.warning("release-waits", service=reader.service, error=error)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _try(database: Database, reader: Reader, about_id: str) -> None:
    """Release one id; where its lines fail again they stay parked, with the new error."""
    try:
        count = await release(database, reader, about_id)
    except Exception as error:
        if passes_by_itself(error):
            raise
        log.warning("release-failed", service=reader.service, error=our_name(error))
        async with database.begin() as tx:
            await store.release_failed(tx, about_id, type(error).__name__)
    else:
        log.info("released", service=reader.service, count=count)


async def release(database: Database, reader: Reader, about_id: str) -> int:
    """Work all parked lines of an id in order, or none of them; return how many there were.

    Raises what a reaction raises; nothing is changed then.
    """
    async with database.begin() as tx:
        lines = [line_of(row) for row in await store.parked(tx, about_id)]
    wanted = [line for line in lines if type(line.message) in reader.reactions]
    context = await reader.before(wanted) if reader.before is not None and wanted else None
    async with database.begin() as tx:
        tx.context = context
        rows = await store.take_parked(tx, about_id)
        for line in _same(lines, rows):
            reaction = reader.reactions.get(type(line.message))
            if reaction is not None:
                await reaction(tx, [line])
        await store.released(tx, [row.parked_id for row in rows])
    return len(rows)


def _same(lines: Sequence[AnyLine], rows: Sequence[Parked]) -> list[AnyLine]:
    """Return the lines that are still parked; what was parked meanwhile is read too."""
    known = {(line.topic, line.partition, line.offset, line.line): line for line in lines}
    return [
        known.get((row.topic, row.partition, row.offset, row.line)) or line_of(row) for row in rows
    ]


def line_of(row: Parked) -> AnyLine:
    """Read a parked line again, from the bytes of its record. Raises NotAMessage."""
    proof = Proof.from_headers(row.headers)
    record = Record.from_value(
        row.topic, row.partition, proof.type, row.record_key, row.record_value
    )
    delivery = Delivery(
        record=record,
        record_id=record.id,
        proof=proof,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        value=row.record_value,
        headers=row.headers,
    )
    line = record.lines[row.line]
    try:
        event = parse(line)
    except BadMessage:
        raise NotAMessage from None
    return Line(event.message, event, delivery, row.line, line)
