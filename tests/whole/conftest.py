"""One installation for all stories, with the newsletter's worker in a process of its own."""

from collections.abc import AsyncIterator

import httpx2
import pytest_asyncio

from shared.stack import Stack
from tests.conftest import fresh_settings
from tests.installation import OTHERS, Installation

LAYOUT = {
    "web": ("serve",),
    "newsletter": ("work", "newsletter"),
    "others": OTHERS,
    "verifiers": ("verify-slices",),
}


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def installation(stack: Stack) -> AsyncIterator[Installation]:
    """Start everything and wait until it is ready."""
    made = await Installation.make(stack, fresh_settings(stack), LAYOUT)
    made.start(EXPUNGE_TRACKERS='{"google-analytics": "G-TEST1"}')
    try:
        await made.ready()
        yield made
    finally:
        made.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a browser at the public listener."""
    async with installation.browser() as opened:
        yield opened
