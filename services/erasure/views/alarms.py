"""What the views say by themselves: requests that are late, and numbers that differ."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from contracts.topics import ERASURE_SERVICE
from services.erasure.views.tables import Tables
from shared.clock import BERLIN, SystemClock
from shared.logs import log

LOOK_EVERY: Final = timedelta(minutes=5)
SOON: Final = timedelta(days=7)


def watch(tables: Tables) -> None:
    """Say how many requests are overdue (an alarm), and how many will be within a week."""
    now = SystemClock().now()
    overdue = tables.overdue(now)
    soon = tables.overdue(now + SOON) - overdue
    if overdue:
        log.critical("requests-overdue", service=ERASURE_SERVICE, count=overdue)
    if soon:
        log.warning("requests-due-soon", service=ERASURE_SERVICE, count=soon)


def set_timers(app: Any, tables: Tables, compare: Callable[[], Awaitable[None]], hour: int) -> None:
    """Let Faust call them: the watch every five minutes, the comparison once a night."""

    async def look() -> None:
        watch(tables)

    app.timer(LOOK_EVERY.total_seconds(), name="watch")(look)
    app.crontab(f"17 {hour} * * *", timezone=BERLIN)(compare)
