"""The ledger on the real broker and in a real database; the slices around it are played."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.settings import Settings
from tests.ledger import Ledger, ledger


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def on(settings: Settings) -> AsyncIterator[Ledger]:
    """Keys, topics, register and database of an installation with three slices."""
    async with ledger(settings) as opened:
        yield opened
