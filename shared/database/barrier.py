"""The cut-off barrier: after it, nobody appears with a time from before it."""

from datetime import datetime

from shared.database.locks import SUBJECT_BARRIER
from shared.database.pool import Database


async def barrier(database: Database) -> datetime:
    """Pass the barrier in a transaction of its own; return the database's time there (UTC).

    Waits for every transaction that has begun a subject or changed an address. What begins
    later carries a later time, since its trigger takes the shared lock first.
    """
    async with database.begin() as tx:
        await tx.execute("select pg_advisory_xact_lock($1)", SUBJECT_BARRIER)
        passed: datetime = await tx.fetchval("select clock_timestamp()")
        return passed
