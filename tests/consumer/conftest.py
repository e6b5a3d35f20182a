"""Beta's consumer on the real broker; each module has its own topics and databases."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.settings import Settings
from tests.kernel import Bench, bench


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def on(settings: Settings) -> AsyncIterator[Bench]:
    """Two services, ready to speak and to hear."""
    async with bench(settings) as opened:
        yield opened
