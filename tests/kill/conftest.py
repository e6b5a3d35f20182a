"""One installation for all kills: what was killed before must not disturb what comes after."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.stack import Stack
from tests.conftest import fresh_settings
from tests.installation import Installation


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(stack: Stack) -> AsyncIterator[Installation]:
    """Start everything and wait until it is ready."""
    made = await Installation.make(stack, fresh_settings(stack))
    made.start()
    try:
        await made.ready()
        yield made
    finally:
        made.stop()
