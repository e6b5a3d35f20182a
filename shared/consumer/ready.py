"""Ready means caught up: what may only run once the topics are consumed to the end seen at start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from shared.database import Database, Transaction

Callback = Callable[[], Awaitable[None]]


class Ready:
    """The gate of one service in one worker process.

    `wait()` returns as soon as every topic is consumed to the end seen at start. `reason` is a
    short word for `/readyz` (`None` when ready). `on_caught_up` runs each time the gate opens,
    before it opens; `on_restored` runs when a restored database was noticed, after it closed.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.reason: str | None = "starting"
        self.on_caught_up: list[Callback] = []
        self.on_restored: list[Callback] = []
        self._open = asyncio.Event()

    @property
    def catching_up(self) -> bool:
        """Whether the worker still consumes what was there when it started."""
        return not self._open.is_set()

    async def wait(self) -> None:
        """Return when caught up; again and again cheap."""
        await self._open.wait()


async def ready_until(tx: Transaction) -> datetime | None:
    """Until when the service's worker vouches that it has caught up, or None (for web, mailer)."""
    return None
