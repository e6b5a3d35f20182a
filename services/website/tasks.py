"""What the website does in a worker beside its slice: days of the log, processors to be told."""

import asyncio
from datetime import timedelta
from typing import Final

from contracts.identifiers import uuid7
from contracts.vocabulary import Reason
from services.website import store
from services.website.inventory import INVENTORY
from services.website.processors import processors_of
from services.website.registers import configured_registers
from shared.database import Database, is_transient
from shared.disclosure import keep_telling
from shared.logs import log
from shared.parameters import duration
from shared.saga.closing import Done, Work, tell
from shared.worker import Worker

LOOK_AGAIN: Final = timedelta(minutes=15)


async def keep_days(worker: Worker) -> None:
    """Make days ahead and drop those that are over, for ever."""
    while True:
        try:
            await turn_days(worker.effects, duration("LOG_TTL_TECHNICAL"))
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("days-not-turned", service=worker.service, error=error)
        await asyncio.sleep(LOOK_AGAIN.total_seconds())


async def turn_days(database: Database, keep: timedelta) -> int:
    """Drop what is over its time, with one receipt of how many lines went (R-LOG-07).

    Role `eraser`. It waits for no gate: nothing on the topics could keep these lines longer.
    """
    async with database.begin() as tx:
        await store.make_days(tx, keep)
        gone = sum((await store.drop_days(tx, keep)).values())
        if gone:
            work = Work(uuid7(), None, 0, Reason.RETENTION_OVER, frozenset(), tx.now)
            await tell(tx, INVENTORY, [work], {work.receipt_id: Done({"access": gone})}, {})
    return gone


async def tell_processors(worker: Worker) -> None:
    """Tell the processors of ended grants to delete (R-TR-01, R-GA-03)."""
    registers = configured_registers()
    processors = processors_of(worker.settings, registers)
    await worker.ready.wait()
    await keep_telling(worker.effects, processors, registers.recipients)
