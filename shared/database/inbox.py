"""Days of the inbox: made ahead, dropped whole."""

import asyncio
from datetime import timedelta
from typing import Final

from shared.database.failures import is_transient
from shared.database.pool import Database
from shared.database.transaction import Transaction
from shared.logs import log

AHEAD: Final = timedelta(days=7)
KEEP: Final = timedelta(days=40)  # longer than any record comes late
EVERY: Final = timedelta(hours=6)
TRY_AGAIN: Final = timedelta(minutes=1)


async def turn_inbox(tx: Transaction, *, ahead: timedelta = AHEAD, keep: timedelta = KEEP) -> None:
    """Make partitions for the coming days and drop those older than `keep`."""
    await tx.execute("select turn_inbox($1, $2)", ahead.days, keep.days)


async def keep_inbox(database: Database, *, every: timedelta = EVERY) -> None:
    """Run for ever: turn the days several times a day; a task of each worker."""
    while True:
        pause = every
        try:
            async with database.begin() as tx:
                await turn_inbox(tx)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("inbox-waits", service=database.service, error=error)
            pause = TRY_AGAIN
        await asyncio.sleep(pause.total_seconds())
