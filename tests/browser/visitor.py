"""A person at a real browser who has a keyboard and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Request

from demo.person import Person
from tests.installation import Installation

MAX_TABS = 40


@dataclass
class Visitor:
    """A page, a mailbox, and what the browser noticed: other hosts asked, policies broken."""

    page: Page
    person: Person
    origin: str
    eyes: "Eyes"
    inside: bool = False
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def lang(self) -> str:
        """Language of the pages."""
        return self.person.language

    async def look(self) -> None:
        """Look at the page as the test wants it looked at."""
        await self.eyes(self)

    async def open(self, path: str) -> None:
        """Type an address into the browser."""
        await self.page.goto(f"{self.origin}{path}")

    async def tab_to(self, selector: str) -> None:
        """Press Tab until what the selector names has the focus. Raises AssertionError."""
        for _ in range(MAX_TABS):
            await self.page.keyboard.press("Tab")
            if await self.page.locator(f"{selector}:focus").count():
                return
        message = f"Tab does not lead to {selector}"
        raise AssertionError(message)

    async def type(self, field_id: str, text: str) -> None:
        """Go to a field and type."""
        await self.tab_to(f"#{field_id}")
        await self.page.keyboard.insert_text(text)

    async def tick(self, field_id: str) -> None:
        """Go to a box and press Space."""
        await self.tab_to(f"#{field_id}")
        await self.page.keyboard.press("Space")

    async def choose(self, field_id: str, label: str) -> None:
        """Go to a list and type the beginning of an answer."""
        await self.tab_to(f"#{field_id}")
        await self.page.keyboard.type(label)

    async def follow(self, selector: str) -> None:
        """Go to a link or a button, press Enter, and wait for the page it leads to."""
        await self.tab_to(selector)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def send(self) -> None:
        """Press the button of the page's form."""
        await self.follow("main form button")

    def note_request(self, request: Request) -> None:
        """Keep what did not go to our own origin."""
        if not request.url.startswith(f"{self.origin}/"):
            self.elsewhere.append(request.url)

    def note_console(self, message: ConsoleMessage) -> None:
        """Keep what the browser complained about, a broken content security policy above all."""
        # A page that answers 404 or 422 is reported as a failed load too, and is meant to be one.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


Eyes = Callable[[Visitor], Awaitable[None]]


async def _glance(visitor: Visitor) -> None:
    """Look at nothing in particular."""
    assert visitor.page.url


@asynccontextmanager
async def visiting(
    browser: Browser,
    installation: Installation,
    address: str,
    lang: str,
    *,
    inside: bool = False,
    eyes: Eyes = _glance,
    **how: Any,
) -> AsyncIterator[Visitor]:
    """Open a fresh browser window for one person; `how` are options of the browser's context.

    `inside`: at the internal listener, where the desks are. `eyes` look at each page of a walk.
    """
    settings = installation.settings
    origin = settings.internal_url if inside else settings.public_url
    context = await browser.new_context(**how)
    async with installation.browser() as mailbox:
        person = Person(mailbox, address, lang)
        visitor = Visitor(await context.new_page(), person, origin, eyes, inside)
        visitor.page.on("request", visitor.note_request)
        visitor.page.on("console", visitor.note_console)
        yield visitor
    await context.close()
