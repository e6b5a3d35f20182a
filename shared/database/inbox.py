"""Days of the inbox: made ahead, dropped whole."""

from datetime import timedelta
from typing import Final

from shared.database.transaction import Transaction

AHEAD: Final = timedelta(days=7)
KEEP: Final = timedelta(days=40)  # longer than any record comes late


async def turn_inbox(tx: Transaction, *, ahead: timedelta = AHEAD, keep: timedelta = KEEP) -> None:
    """Make partitions for the coming days and drop those older than `keep`; once a day."""
    await tx.execute("select turn_inbox($1, $2)", ahead.days, keep.days)
