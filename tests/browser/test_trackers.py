"""In a real browser: what is loaded and stored before a choice, after a refusal, after consent."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
)

from services.website.declaration import SERVICE as WEBSITE
from services.website.registers import Registers, configured_registers
from services.website.settings import configured
from shared.database import apply_schemas
from shared.keys import apply_keys
from shared.settings import Settings
from shared.stack import Stack
from shared.stack.ports import free_ports
from shared.web import public_app
from shared.web.configuration import WebSettings
from shared.web.listening import listening
from tests.conftest import fresh_settings
from tests.installation import eventually
from tests.website.site import SITES

PAGES = (
    *("/", "/de/", "/en/", "/en/cookies", "/en/cookies/saved", "/en/cookies/counting"),
    *("/en/cookies/settings", "/en/cookies/google-analytics", "/en/cookies/erase"),
    *("/en/data-protection-policy.html", "/de/data-protection-policy/v1.html", "/en/nothing"),
)
CANARY = "zq7Canary typed by a person"
GRAVE = {"serious", "critical"}
# What a tracker's script does once it runs: leaves its cookie, and calls home with all it can see.
SCRIPT = """
localStorage.setItem("hjActiveViewportIds", "1");
sessionStorage.setItem("_cltk", "1");
document.cookie = {cookie!r} + "=GA1.1.11.22; path=/; max-age=600";
const home{number} = () => fetch({home!r} + "/collect", {{method: "POST", body: JSON.stringify({{
  typed: [...document.querySelectorAll("input, textarea")].map((one) =>
    one.closest("[data-hj-suppress],[data-clarity-mask]") ? "" : one.value),
}})}});
home{number}();
document.addEventListener("input", home{number});
"""
# A form that somebody put on a page with trackers.
FORM = """
document.addEventListener("readystatechange", () => {
  if (document.readyState === "interactive")
    document.body.insertAdjacentHTML("beforeend", '<form><input id="canary"></form>');
});
"""
STORED = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
HOMES = {
    "www.googletagmanager.com": ("_ga", "https://region1.google-analytics.com"),
    "static.hotjar.com": ("_hjSessionUser_4711", "https://in.hotjar.com"),
    "www.clarity.ms": ("_clck", "https://k.clarity.ms"),
}


@dataclass
class Web:
    """The other side of every foreign request: it notes, and plays the trackers' servers."""

    origin: str
    asked: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    async def answer(self, route: Route) -> None:
        """Let our own requests through, and answer all others here."""
        url = route.request.url
        if url.startswith(f"{self.origin}/"):
            await route.continue_()
            return
        self.asked.append(url)
        self.bodies.append(route.request.post_data or "")
        cookie, home = HOMES.get(urlsplit(url).hostname or "", ("", ""))
        await route.fulfill(
            status=200,
            content_type="text/javascript",
            headers={"Access-Control-Allow-Origin": "*"},
            body=SCRIPT.format(cookie=cookie, home=home, number=len(self.asked)) if cookie else "",
        )


@dataclass
class Visit:
    """One browser window, its cookies, and the web around it."""

    page: Page
    context: BrowserContext
    web: Web
    registers: Registers
    complaints: list[str] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)

    async def open(self, path: str, page: Page | None = None) -> None:
        """Open a page and let its scripts run."""
        url = f"{self.web.origin}{path}"
        await (page or self.page).goto(url, wait_until="networkidle")

    async def open_all(self) -> None:
        """Open every page in a tab of its own: each is quiet for half a second before it is idle.

        They share what the browser keeps; nothing of it changes while they load but by them.
        """
        tabs = [await self.context.new_page() for _ in PAGES]
        await asyncio.gather(*map(self.open, PAGES, tabs))
        for tab in tabs:
            self.stored |= set(await tab.evaluate(STORED))
            await tab.close()

    def note_console(self, message: ConsoleMessage) -> None:
        """Keep what the browser complained about, a broken content security policy above all."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def follow(self, selector: str) -> None:
        """Go to a control with the keyboard alone, and press Enter."""
        for _ in range(40):
            await self.page.keyboard.press("Tab")
            if await self.page.locator(f"{selector}:focus").count():
                break
        else:
            message = f"Tab does not lead to {selector}"
            raise AssertionError(message)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def unregistered(self) -> list[str]:
        """Name what the browser keeps that stands in no register."""
        names = [each["name"] for each in await self.context.cookies()]
        names += [*self.stored, *await self.page.evaluate(STORED)]
        return sorted(one for one in names if not self._registered(one))

    def _registered(self, name: str) -> bool:
        return any(fnmatchcase(name, one.name) for one in self.registers.cookies)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(stack: Stack) -> AsyncIterator[Settings]:
    """Serve the website alone, with every tracker of the register in use."""
    (port,) = free_ports(1)
    settings = fresh_settings(stack).model_copy(update={"public_url": f"http://localhost:{port}"})
    await apply_schemas(settings, [WEBSITE.schema()])
    apply_keys(settings, (WEBSITE.name,), ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPUNGE_TRACKERS", json.dumps(SITES))
        configured.cache_clear()
        configured_registers.cache_clear()
        app = public_app(settings, [WEBSITE.part()])
        async with listening(app, f"127.0.0.1:{port}", WebSettings.load()):
            yield settings
    configured.cache_clear()
    configured_registers.cache_clear()


@asynccontextmanager
async def visiting(browser: Browser, site: Settings, **how: Any) -> AsyncIterator[Visit]:
    """Open a fresh browser window."""
    context = await browser.new_context(**how)
    web = Web(site.public_url)
    await context.route("**/*", web.answer)
    visit = Visit(await context.new_page(), context, web, configured_registers())
    context.on("console", visit.note_console)
    yield visit
    await context.close()


@pytest.mark.rule("R-CK-01", "R-CK-03", "R-TR-00")
async def test_in_no_state_is_anything_loaded_or_stored_that_is_not_registered(
    browser: Browser, site: Settings
) -> None:
    async with visiting(browser, site) as visit:
        await visit.open_all()  # no choice
        before = (list(visit.web.asked), await visit.context.cookies())
        await visit.open("/en/")
        await visit.page.locator(".banner form button").first.click()
        await visit.open_all()  # refused
        refused = (list(visit.web.asked), await visit.unregistered())
        names = {each["name"] for each in await visit.context.cookies()}
        await accept(visit)
        await visit.open("/en/?sbrc=1")  # awakes Salesloft too
        await visit.open_all()  # accepted
        hosts = {urlsplit(url).hostname for url in visit.web.asked}
        left = await visit.unregistered()

    assert before == ([], [])
    assert refused == ([], [])
    assert names == {"choices"}
    assert hosts == {
        "www.googletagmanager.com", "region1.google-analytics.com", "img.en25.com",
        "static.hotjar.com", "in.hotjar.com", "www.clarity.ms", "k.clarity.ms",
        "scout-cdn.salesloft.com",
    }  # fmt: skip
    assert left == []
    assert visit.complaints == []


async def accept(visit: Visit) -> None:
    """Tick every box of the page and save."""
    await visit.open("/en/cookies")
    for box in await visit.page.locator("main input[type=checkbox]").all():
        await box.check()
    await visit.page.locator("main form button").first.click()
    await visit.page.wait_for_url("**/cookies/saved")


@pytest.mark.rule("R-CL-01", "R-CK-03")
async def test_after_taking_back_no_call_leaves_and_the_cookies_are_gone(
    browser: Browser, site: Settings
) -> None:
    async with visiting(browser, site) as visit:
        await accept(visit)
        await visit.open("/en/")
        collected = {one["name"] for one in await visit.context.cookies()}
        stored = await visit.page.evaluate(STORED)
        await visit.page.get_by_role("button", name="Take back all").click()
        await visit.page.wait_for_url("**/cookies/saved")
        left = await visit.page.evaluate(STORED)
        count = len(visit.web.asked)
        for path in ("/en/", "/de/", "/"):
            await visit.open(path)
        after = visit.web.asked[count:]
        kept = {one["name"] for one in await visit.context.cookies()}

    assert collected == {"choices", "_ga", "_hjSessionUser_4711", "_clck"}
    assert (sorted(stored), left) == (["_cltk", "hjActiveViewportIds"], [])
    assert after == []
    assert kept == {"choices"}


# As the providers' own scripts: Google's looks at its property, Clarity's takes calls.
PROVIDERS = """
Object.defineProperty(window, "ga-disable-G-TEST1", {
  set: (value) => window.called("ga-disable", value),
});
window.clarity = (...said) => window.called(...said);
"""


@pytest.mark.rule("R-CK-03", "R-CL-01")
async def test_taking_back_in_one_window_ends_what_runs_in_another(
    browser: Browser, site: Settings
) -> None:
    async with visiting(browser, site) as visit:
        called: list[tuple[object, ...]] = []
        await visit.context.expose_function("called", lambda *said: called.append(said))
        await accept(visit)
        await visit.page.add_init_script(PROVIDERS)
        await visit.open("/en/")
        before = list(called)
        other = await visit.context.new_page()
        await visit.open("/en/cookies", other)
        await other.locator("#tracker_clarity_ads").uncheck()
        await save(other, visit)
        fewer, called[:] = list(called), []
        running = await visit.page.locator("head script").count()
        count = len(visit.web.asked)
        await visit.open("/en/cookies", other)
        await other.get_by_role("button", name="Refuse all").click()
        await other.wait_for_url("**/cookies/saved")
        await visit.page.wait_for_function("document.querySelector('head script') === null")
        await visit.page.locator("body").press("Tab")
        await visit.page.wait_for_load_state("networkidle")
        after = visit.web.asked[count:]

    granted = {"ad_Storage": "granted", "analytics_Storage": "granted"}
    assert before == [("consentv2", granted)]
    assert fewer[1:] == [
        ("consentv2", {"ad_Storage": "denied", "analytics_Storage": "granted"}),  # in place
        ("consentv2", {"ad_Storage": "denied", "analytics_Storage": "granted"}),  # come again
    ]
    assert running > 1, "the others go on"
    assert sorted(called, key=str) == [
        ("consentv2", {"ad_Storage": "denied", "analytics_Storage": "denied"}),
        ("ga-disable", True),
    ]
    assert after == []
    assert visit.complaints == []


@pytest.mark.rule("R-CK-03", "R-CK-08")
@pytest.mark.parametrize("how", ["signal", "banner"])
async def test_what_ends_by_a_signal_or_by_a_banner_that_asks_anew_ends_in_another_window_too(
    browser: Browser, site: Settings, how: str
) -> None:
    async with visiting(browser, site) as visit:
        await accept(visit)
        await visit.open("/en/")
        running = await visit.page.locator("head script").count()
        other = await visit.context.new_page()
        if how == "signal":
            await visit.context.set_extra_http_headers({"Sec-GPC": "1"})
            await visit.open("/en/", other)
        else:
            (choice,) = [one for one in await visit.context.cookies() if one["name"] == "choices"]
            earlier = f"00000000.{choice['value'].partition('.')[2]}"
            await visit.context.add_cookies(
                [{"name": "choices", "value": earlier, "url": site.public_url}]
            )
            await visit.open("/en/", other)
            await other.locator(".banner form button").first.click()
            await other.wait_for_url("**/cookies/saved")
        count = len(visit.web.asked)

        async def ended() -> bool:
            return await visit.page.locator("head script").count() == 0

        await eventually(ended, "the other window came again without trackers")
        await visit.page.wait_for_load_state("networkidle")
        await visit.open("/en/", other)
        after = visit.web.asked[count:]
        kept = {one["name"] for one in await visit.context.cookies()}

    assert running > 1
    assert after == []
    assert kept == {"choices"}
    assert visit.complaints == []


async def save(page: Page, visit: Visit) -> None:
    """Save what is ticked, and wait until the other window came again and is quiet."""
    async with visit.page.expect_navigation(wait_until="networkidle"):
        await page.locator("main form button").first.click()


@pytest.mark.rule("R-HJ-01", "R-CL-01")
async def test_what_is_typed_in_a_form_is_in_no_outgoing_call(
    browser: Browser, site: Settings
) -> None:
    async with visiting(browser, site) as visit:
        await visit.open("/en/cookies")
        for name in ("tracker_hotjar", "tracker_clarity"):
            await visit.page.locator(f"#{name}").check()
        await visit.page.locator("main form button").first.click()
        await visit.page.wait_for_url("**/cookies/saved")
        await visit.page.add_init_script(FORM)
        await visit.open("/en/")
        before = len(visit.web.bodies)
        await visit.page.fill("#canary", CANARY)

        async def both_called() -> bool:
            return len(visit.web.bodies) >= before + 2

        await eventually(both_called, "Hotjar and Clarity were told that something was typed")
        bodies = visit.web.bodies[before:]

    assert all('"typed"' in one for one in bodies)
    assert CANARY not in "".join(bodies)


@pytest.mark.rule("R-CK-08", "R-CK-07")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_refusing_and_taking_back_go_by_keyboard_without_scripts(
    browser: Browser, site: Settings, lang: str
) -> None:
    async with visiting(browser, site, java_script_enabled=False) as visit:
        await visit.open(f"/{lang}/")
        sizes = [
            await button.bounding_box()
            for button in await visit.page.locator(".banner button").all()
        ]
        await visit.follow(".banner form:first-of-type button")
        where = urlsplit(visit.page.url).path
        banner = await visit.page.locator(".banner").count()
        await visit.follow(f'footer a[href="/{lang}/cookies"]')
        await visit.follow("main form:last-of-type button")
        saved = urlsplit(visit.page.url).path

    assert where == f"/{lang}/"
    assert banner == 0
    assert saved == f"/{lang}/cookies/saved"
    heights = {round(box["height"]) for box in sizes if box}
    assert len(sizes) == 2
    assert len(heights) == 1


@pytest.mark.rule("R-CK-08")
@pytest.mark.parametrize("path", ["/de/", "/de/cookies", "/de/data-protection-policy.html"])
async def test_banner_choices_and_policy_can_be_read_by_everybody(
    browser: Browser, site: Settings, path: str
) -> None:
    async with visiting(browser, site) as visit:
        await visit.open(path)
        results = await Axe().run(visit.page, options={"resultTypes": ["violations"]})
        await visit.page.set_viewport_size({"width": 320, "height": 640})
        across = await visit.page.evaluate("document.documentElement.scrollWidth")

    faults = [one["id"] for one in results.response["violations"] if one["impact"] in GRAVE]
    assert faults == []
    assert across <= 320
