"""Work that is done in steps, for ever: woken by an event, looking again after a while."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from contracts.topics import ERASURE_SERVICE
from shared.database import is_transient
from shared.logs import log

BACK_OFF_SECONDS: Final = 1.0

Step = Callable[[], Awaitable[bool]]


async def keep_doing(name: str, step: Step, wake: asyncio.Event, poll: timedelta) -> None:
    """Run a step until it says that nothing is left, wait, and again; until cancelled.

    A database that is away is waited for. Raises what no retry can mend.
    """
    while True:
        wake.clear()
        try:
            while await step():
                pass
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("step-backs-off", service=ERASURE_SERVICE, name=name, error=error)
            await asyncio.sleep(BACK_OFF_SECONDS)
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(poll.total_seconds()):
                await wake.wait()
