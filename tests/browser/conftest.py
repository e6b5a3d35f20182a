"""One installation, and Debian's chromium to look at it with."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from shared.settings import Settings
from shared.stack import Stack
from tests.installation import Installation

NAMES = ("chromium", "chromium-browser", "google-chrome")
LOCALE = "en-GB"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Find the browser, or say how to get it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(
    chromium: str, stack: Stack, settings: Settings
) -> AsyncIterator[Installation]:
    """Start everything and wait until it is ready; not without a browser to use it with."""
    assert chromium
    made = await Installation.make(stack, settings)
    made.start()
    try:
        await made.ready()
        yield made
    finally:
        made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(chromium: str, installation: Installation) -> AsyncIterator[Browser]:
    """Open the browser once; each test has a context of its own."""
    assert installation.processes
    # Chromium refuses its sandbox to root; the pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        await opened.close()
