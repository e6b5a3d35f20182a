"""A page of another site fills our forms by their descriptors alone, in a real browser."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.web.configuration import WebSettings
from shared.web.listening import listening
from tests.browser.visitor import Visitor, visiting
from tests.client import solve
from tests.installation import Installation

EXAMPLE = Path(__file__).parents[2] / "examples" / "frontend"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript"}
NEWSLETTER, CONTACT = 'section[data-form*="newsletter"]', 'section[data-form*="contact"]'
pytestmark = pytest.mark.timeout(180)


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def sites(installation: Installation, ports: tuple[int, int]) -> AsyncIterator[None]:
    """Serve the example on both sites, with this installation's address in it."""

    async def file(request: Request) -> Response:
        path = EXAMPLE / (request.path_params["name"] or "index.html")
        text = path.read_text("utf-8")
        text = text.replace("http://localhost:8000", installation.settings.public_url)
        return Response(text, media_type=TYPES[path.suffix])

    app = Starlette(routes=[Route("/{name:path}", file)])
    async with AsyncExitStack() as serving:
        for port in ports:
            bind = f"127.0.0.1:{port}"
            await serving.enter_async_context(listening(app, bind, WebSettings()))
        yield


@asynccontextmanager
async def at_site(
    browser: Browser, installation: Installation, port: int, address: str
) -> AsyncIterator[tuple[Visitor, Page]]:
    """Open the other site's page."""
    async with visiting(browser, installation, address, "en") as visitor:
        await visitor.page.goto(f"http://127.0.0.1:{port}/")
        yield visitor, visitor.page


async def test_the_newsletter_is_subscribed_from_another_site(
    browser: Browser, installation: Installation, ports: tuple[int, int]
) -> None:
    address = "frontend@example.org"

    async with at_site(browser, installation, ports[0], address) as (visitor, page):
        section = page.locator(NEWSLETTER)
        await section.locator("input[name=email]").fill(f"{address}@")
        await section.locator("button").click()
        await expect(section.locator("[role=alert]")).to_be_visible()
        assert await section.locator("input[name=email]").input_value() == f"{address}@"
        await section.locator("input[name=email]").fill(address)
        await section.locator("button").click()
        await expect(section.locator("[role=status]")).to_be_visible()
        answer = await visitor.person.fill(await visitor.person.link("/newsletter/confirm/"))
        cookies = await page.context.cookies()

    assert "/newsletter/confirmed/" in answer.url.path
    assert cookies == []
    (row,) = await installation.ask(
        "newsletter",
        "select wording from consent join subscriber using (subject_id) where email = $1",
        address,
    )
    assert row["wording"] == "newsletter"


async def test_a_message_is_written_from_another_site(
    browser: Browser, installation: Installation, ports: tuple[int, int]
) -> None:
    address = "frontend.writes@example.org"

    async with at_site(browser, installation, ports[0], address) as (_, page):
        section = page.locator(CONTACT)
        await expect(section.locator("button")).to_be_visible()
        for field in await section.locator("input:not([type=checkbox]):visible, textarea").all():
            name = await field.get_attribute("name") or ""
            label = await field.locator("xpath=ancestor::label").inner_text()
            words = {"email": address}.get(name, "Marker")
            await field.fill(solve(label) if any(map(str.isdigit, label)) else words)
        await section.locator("button").click()
        await expect(section.locator("[role=status]")).to_be_visible()

    sql = "select count(*) from inquiry where email = $1"
    (row,) = await installation.ask("contact", sql, address)
    assert row["count"] == 1


async def test_a_site_that_is_not_configured_keeps_its_links_and_can_read_nothing(
    browser: Browser, installation: Installation, ports: tuple[int, int]
) -> None:
    async with at_site(browser, installation, ports[1], "stranger@example.org") as (_, page):
        answers = await page.evaluate(
            """async (url) => fetch(url).then(() => "read", () => "refused")""",
            f"{installation.settings.public_url}/en/newsletter/forms/subscribe",
        )
        link = page.locator(f"{NEWSLETTER} a")
        await expect(link).to_be_visible()

    assert answers == "refused"
