"""One installation for each file, and Debian's chromium to look at it with."""

import os
import shutil
from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from shared.stack import Stack
from shared.stack.ports import free_ports
from tests.conftest import fresh_settings
from tests.installation import Installation

NAMES = ("chromium", "chromium-browser", "google-chrome")
# What Playwright switches off, since Chromium heeds one such list only, and the address bar's two
# popups: each window would load them, and nobody types there.
SWITCHED_OFF = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "AimEnabled"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
)
SHARED_FORMS = ("newsletter/subscribe", "contact/message")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Find the browser, or say how to get it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def ports() -> tuple[int, int]:
    """Ports of two other sites: one that is configured and one that is not."""
    configured, stranger = free_ports(2)
    return configured, stranger


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(
    chromium: str, stack: Stack, ports: tuple[int, int]
) -> AsyncIterator[Installation]:
    """Start everything, with one other site that may use two forms, and wait until it is ready."""
    assert chromium
    made = await Installation.make(stack, fresh_settings(stack))
    origins = {form: [f"http://127.0.0.1:{ports[0]}"] for form in SHARED_FORMS}
    made.environment["EXPUNGE_ALLOWED_ORIGINS"] = orjson.dumps(origins).decode()
    made.start()
    try:
        await made.ready()
        yield made
    finally:
        made.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Open the browser once for a file; each test has a context of its own."""
    arguments = [f"--disable-features={','.join(SWITCHED_OFF)}"]
    if os.geteuid() == 0:  # Chromium refuses its sandbox to root; the pages are our own
        arguments.append("--no-sandbox")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        await opened.close()
