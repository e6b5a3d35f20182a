"""The website as a test uses it: browsers with cookies of their own."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx2
from fastapi import FastAPI

from contracts.messages import Message, parse, split_lines
from demo.person import PageForm, forms_of
from services.website.declaration import SERVICE as WEBSITE
from services.website.forms import field_of
from services.website.inventory import INVENTORY
from shared.database import Database
from shared.settings import Settings
from shared.slice.endings import ending_actions
from tests.clock import run_all_due

SITES = {
    "google-analytics": "G-TEST1",
    "wiredminds": "wm1",
    "eloqua": "77",
    "hotjar": "4711",
    "salesloft": "sl1",
    "clarity": "cl1",
}


@dataclass
class Website:
    """Everything a test needs of the running website."""

    settings: Settings
    app: FastAPI
    eraser: Database

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """Open a browser without any cookie."""
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(
            transport=transport, base_url=self.settings.public_url, headers=headers
        )

    async def choose(
        self, browser: httpx2.AsyncClient, *purposes: str, lang: str = "en"
    ) -> httpx2.Response:
        """Open the page, tick these boxes and no others, and save."""
        page = await browser.get(f"/{lang}/cookies")
        form = next(one for one in forms_of(page.text) if one.unticked or len(one.values) > 1)
        boxes = {**form.unticked, **form.values}
        names = {field_of(one) for one in purposes}
        values = {"by": "settings", **{name: boxes[name] for name in names}}
        return await self.post(browser, page, form, values)

    async def press(
        self, browser: httpx2.AsyncClient, path: str, values: dict[str, str] | None = None
    ) -> httpx2.Response:
        """Open a page and press the button of its form."""
        page = await browser.get(path)
        form = next(one for one in forms_of(page.text) if one.method == "post")
        return await self.post(browser, page, form, form.values | (values or {}))

    async def post(
        self, browser: httpx2.AsyncClient, page: httpx2.Response, form: PageForm, values: Any
    ) -> httpx2.Response:
        """Send a form as a browser does."""
        return await browser.post(
            urljoin(str(page.url), form.action),
            content=urlencode(values),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": self.settings.public_url,
                "Sec-Fetch-Site": "same-origin",
            },
        )

    async def row(self, sql: str, *args: object) -> Any:
        """Read one row."""
        async with self.eraser.begin() as tx:
            return await tx.fetchrow(sql, *args)

    async def rows(self, sql: str, *args: object) -> list[Any]:
        """Read rows."""
        async with self.eraser.begin() as tx:
            return list(await tx.fetch(sql, *args))

    async def count(self, sql: str, *args: object) -> int:
        """Read one number."""
        return int((await self.row(sql, *args))[0])

    async def told(self) -> list[Message]:
        """Read what the website told: nobody relays in these tests."""
        rows = await self.rows("select value from outbox order by id")
        return [parse(line).message for row in rows for line in split_lines(row["value"])]

    async def clock(self) -> int:
        """Let everything that is due be done."""
        actions = {**ending_actions(INVENTORY, WEBSITE.endings), **WEBSITE.actions}
        return await run_all_due(self.eraser, actions)

    async def written(self) -> None:
        """Wait until what was noted of accesses is written."""
        await layer_of(self.app)._site.recorder.flush()


def layer_of(app: FastAPI) -> Any:
    """Find the website's layer among those around the routes."""
    layer: Any = app.middleware_stack
    while type(layer).__name__ != "Layer":
        layer = getattr(layer, "app", None) or layer._app
    return layer


def scripts(page: httpx2.Response) -> set[str]:
    """Name the trackers whose scripts stand in a page."""
    found = re.findall(r'<script src="/assets/trackers/([a-z-]+)-[0-9a-f]{16}\.js"', page.text)
    return set(found) - {"standing"}
