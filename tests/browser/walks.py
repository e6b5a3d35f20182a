"""Every way through our pages by name; a person walks, and staff where a desk is on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser

from tests.browser.staff import sign_in
from tests.browser.visitor import Eyes, Visitor, visiting
from tests.browser.walk_account import walk_account
from tests.browser.walk_contact import walk_contact
from tests.browser.walk_events import walk_events
from tests.browser.walk_newsletter import walk_newsletter
from tests.browser.walk_website import walk_website
from tests.installation import Installation

ALONE = {
    "newsletter": walk_newsletter,
    "registration": walk_account,
    "website": walk_website,
}
WITH_STAFF = ("contact", "events")
WALKS = (*ALONE, *WITH_STAFF)


async def walk(
    name: str, browser: Browser, installation: Installation, lang: str, eyes: Eyes, **how: Any
) -> list[Visitor]:
    """Walk one of the ways; gives who walked. `how` are options of the browser's context."""
    person = f"{name}.{lang}@example.org"
    async with visiting(browser, installation, person, lang, eyes=eyes, **how) as visitor:
        if name in ALONE:
            await ALONE[name](visitor)
            return [visitor]
        async with _at_desk(name, browser, installation, lang, eyes, **how) as staff:
            if name == "contact":
                await walk_contact(visitor, staff)
            else:
                await walk_events(visitor, staff, installation)
            return [visitor, staff]


@asynccontextmanager
async def _at_desk(
    service: str,
    browser: Browser,
    installation: Installation,
    lang: str,
    eyes: Eyes,
    **how: Any,
) -> AsyncIterator[Visitor]:
    nobody = "desk@example.org"
    async with visiting(
        browser, installation, nobody, lang, inside=True, eyes=eyes, **how
    ) as staff:
        await sign_in(staff, installation, service)
        yield staff
