"""One installation for all kills: what was killed before must not disturb what comes after."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.settings import Settings
from shared.stack import Stack
from tests.installation import Installation


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(stack: Stack, settings: Settings) -> AsyncIterator[Installation]:
    """Start everything and wait until it is ready."""
    made = await Installation.make(stack, settings)
    made.start()
    try:
        await made.ready()
        yield made
    finally:
        made.stop()
