"""Days of the technical log that should be gone: no deadline stands for them (R-LOG-07)."""

from datetime import UTC, datetime, time
from typing import Final

from services.website.store import first_kept
from shared.database import Transaction
from shared.parameters import duration
from shared.slice import Beside, Fallen

LINES: Final = "technical-lines"  # as the policy's triggers name it


async def days_over(tx: Transaction) -> list[Fallen]:
    """Give each day whose time is over and of which lines are left."""
    keep = duration("LOG_TTL_TECHNICAL")
    rows = await tx.fetch(
        "select distinct (at at time zone 'utc')::date as day from access where at < $1",
        first_kept(tx.now, keep),
    )
    return [Fallen(LINES, datetime.combine(row["day"], time.min, UTC) + keep) for row in rows]


BESIDE: Final = Beside(frozenset({LINES}), days_over)
