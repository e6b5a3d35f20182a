"""One house for all modules that need its pages."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.stack import Stack
from tests.conftest import fresh_settings
from tests.house.house import House


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def house(stack: Stack) -> AsyncIterator[House]:
    """Start everything that has pages, on empty databases."""
    opened = await House.open(fresh_settings(stack))
    yield opened
    await opened.close()
