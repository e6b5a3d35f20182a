"""What a person meets: the whole way by keyboard, without scripts, on small and dark screens."""

import hashlib
import re
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from demo.person import Person
from services.website.registers import configured_registers
from tests.browser.visitor import Visitor, visiting
from tests.browser.walks import WALKS, walk
from tests.installation import Installation, certificates, confirm_erasure, eventually, subscribe

NARROW_PX, HALF_PX = 320, 640  # WCAG 2.2, 1.4.10 Reflow, 1.4.4 Resize text
ACROSS = """size => {
    document.documentElement.style.fontSize = size;
    return document.documentElement.scrollWidth;
}"""
DARK, WHITE = 64, 255
GRAVE = {"serious", "critical"}
WHOLE: dict[str, object] = {"resultTypes": ["violations"]}
CONTRAST: dict[str, object] = WHOLE | {"runOnly": ["color-contrast"]}
AXE, AXE_AGAIN = Axe(), Axe("0")  # half a megabyte is parsed; a page has it after the first time
STYLED = "[...document.querySelectorAll('*')].map(one => one.tagName + '.' + one.className)"
BILINGUAL = ("/", "/dev/inbox")
MISTAKE = {"de": "Fehler:", "en": "Error:"}
RANDOM = re.compile(r"[\w-]{36,}")  # ids and secrets in paths
KEPT = {
    "newsletter": ("subject", "pending", "subscriber", "consent", "token", "deadline", "mail"),
    "rights": ("subject", "unconfirmed", "token", "deadline", "mail", "request", "alias", "nonce"),
}


@pytest.mark.rule("R-CK-03")
@pytest.mark.parametrize("way", WALKS)
async def test_the_whole_way_by_keyboard_without_scripts(
    browser: Browser, installation: Installation, way: str
) -> None:
    found: list[str] = []

    async def look(visitor: Visitor) -> None:
        where = urlsplit(visitor.page.url).path
        found.extend(f"{where}: cookie {name}" for name in await _unregistered(visitor))
        found.extend(f"{where}: {fault}" for fault in await _not_as_agreed(visitor.page, "en"))

    walked = await walk(way, browser, installation, "en", look, java_script_enabled=False)

    assert found == []
    assert [one.elsewhere + one.complaints for one in walked] == [[]] * len(walked)


@pytest.mark.parametrize("way", WALKS)
async def test_every_page_can_be_read_by_everybody(
    browser: Browser, installation: Installation, way: str
) -> None:
    found: list[str] = []
    coloured: set[str] = set()
    seen: set[str] = set()

    async def look(visitor: Visitor) -> None:
        page = visitor.page
        where = RANDOM.sub("*", urlsplit(page.url).path)
        faults = await _not_as_agreed(page, "de")  # the longer words
        what = f"{where} {await page.title()}"
        if what not in seen:
            seen.add(what)
            faults += [
                *await _barriers(page, WHOLE),
                *await _in_the_dark(page, coloured),
                *await _large(page),
                *await _on_paper(page),
            ]
        found.extend(f"{where}: {fault}" for fault in faults)

    walked = await walk(way, browser, installation, "de", look)

    assert found == []
    assert [one.elsewhere + one.complaints for one in walked] == [[]] * len(walked)


async def _unregistered(visitor: Visitor) -> list[str]:
    """Name cookies of our pages that the register lacks (R-CK-03); a desk is none of them."""
    if visitor.inside:
        return []
    kept = {one["name"] for one in await visitor.page.context.cookies()}
    known = [one.name.removeprefix("__Host-") for one in configured_registers().cookies]
    return sorted(name for name in kept if not any(fnmatchcase(name, one) for one in known))


async def _not_as_agreed(page: Page, lang: str) -> list[str]:
    """Say what every page must have and this one lacks: language, heading, ways to mistakes."""
    faults = []
    bilingual = urlsplit(page.url).path in BILINGUAL
    if not bilingual and await page.locator("html").get_attribute("lang") != lang:
        faults.append("another language")
    if await page.locator("h1").count() != 1:
        faults.append("not one heading")
    title = await page.title()
    if not title.strip():
        faults.append("no title")
    if await page.locator("section.errors").count():
        if not title.startswith(MISTAKE[lang]):
            faults.append("the title does not say that something is wrong")
        if not await page.locator("section.errors:focus").count():
            faults.append("what is wrong has not the focus")
        for link in await page.locator("section.errors a").all():
            target = await link.get_attribute("href") or ""
            if not await page.locator(f"main {target}").count():
                faults.append(f"{target} leads nowhere")
    return faults


async def _barriers(page: Page, options: dict[str, object], axe: Axe = AXE) -> list[str]:
    """Ask axe-core what keeps people out."""
    results = await axe.run(page, options=options)
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in results.response["violations"]
        if one["impact"] in GRAVE
    ]


async def _in_the_dark(page: Page, coloured: set[str]) -> list[str]:
    """Look at the colours of whatever stands on a page and stood on none before."""
    styled = set(await page.evaluate(STYLED))
    if styled <= coloured:
        return []
    coloured |= styled
    await page.emulate_media(color_scheme="dark")
    faults = await _barriers(page, CONTRAST, AXE_AGAIN)
    if max(await _ground(page)) > DARK:
        faults.append("a light background in the dark")
    await page.emulate_media(color_scheme="light")
    return faults


async def _large(page: Page) -> list[str]:
    """Look at a page on a small screen, and with letters twice as large."""
    usual = page.viewport_size
    assert usual is not None
    faults = []
    for width, size in ((NARROW_PX, "100%"), (HALF_PX, "200%")):
        await page.set_viewport_size({"width": width, "height": 640})
        across = await page.evaluate(ACROSS, size)
        if across > width:
            faults.append(f"{across} px wide on {width} with letters of {size}")
    await page.evaluate(ACROSS, "100%")
    await page.set_viewport_size(usual)
    return faults


async def _on_paper(page: Page) -> list[str]:
    await page.emulate_media(media="print", color_scheme="dark")
    faults = []
    if await page.locator("main button").filter(visible=True).count():
        faults.append("a button on paper")
    if min(await _ground(page)) < WHITE:
        faults.append("dark paper")
    await page.emulate_media(media="screen", color_scheme="light")
    return faults


async def _ground(page: Page) -> list[int]:
    """Give red, green and blue of the page's background."""
    shades = "getComputedStyle(document.documentElement).backgroundColor.match(/[0-9]+/g)"
    return [int(shade) for shade in await page.evaluate(shades)]


@pytest.mark.parametrize(("lang", "word"), MISTAKE.items())
async def test_a_mistake_is_said_where_it_is_and_one_key_from_the_field(
    browser: Browser, installation: Installation, lang: str, word: str
) -> None:
    async with visiting(
        browser, installation, "mistake@example.org", lang, java_script_enabled=False
    ) as visitor:
        page = visitor.page
        await visitor.open(f"/{lang}/newsletter/subscribe")
        await page.keyboard.press("Tab")
        first = await page.locator(":focus").get_attribute("href")
        await visitor.type("email", "zoë@")
        await visitor.send()
        title, summary = await page.title(), page.locator("section[role=alert]")
        focused = await page.locator("section[role=alert]:focus").count()
        await visitor.tab_to('a[href="#email"]')
        await page.keyboard.press("Enter")
        field = page.locator("#email:focus")
        described = (await field.get_attribute("aria-describedby") or "").split()
        sentence = await page.locator("#email-error").inner_text()
        typed, named = await field.input_value(), await summary.inner_text()

    assert first == "#content", "the first Tab leads past the header"
    assert title.startswith(word)
    assert focused == 1
    assert "email-error" in described
    assert sentence in named
    assert typed == "zoë@"


async def test_a_scanner_that_opens_every_link_of_every_mail_changes_nothing(
    installation: Installation,
) -> None:
    async with installation.browser() as mailbox:
        waiting, reader, asking, gone = (
            Person(mailbox, f"{name}@example.org") for name in ("wait", "read", "ask", "gone")
        )
        await waiting.fill("/en/newsletter/subscribe", {"email": waiting.address})
        await waiting.link("/newsletter/confirm/")
        await subscribe(reader)
        await reader.link("/newsletter/preferences/")
        await asking.fill("/en/rights/erase", {"email": asking.address})
        await asking.link("/rights/confirm/")
        await confirm_erasure(gone)
        await eventually(lambda: certificates(gone), "the certificate's mail")
        await eventually(lambda: _at_rest(installation), "nothing is under way any more")
        before = await _everything(installation)

        links = {link for mail in await waiting.mails() for link in mail["links"]}
        for person in (reader, asking, gone):
            links |= {link for mail in await person.mails() for link in mail["links"]}
        ours = sorted(one for one in links if one.startswith(installation.settings.public_url))
        for link in ours:
            for method in ("HEAD", "GET"):
                answer = await mailbox.request(method, link)
                assert answer.status_code in {200, 404}, link  # 404: what was confirmed meanwhile

        assert len(ours) >= 10
        assert await _everything(installation) == before
        confirmed = await waiting.fill(await waiting.link("/newsletter/confirm/"))
        begun = await asking.fill(await asking.link("/rights/confirm/"))
    assert "/newsletter/confirmed/" in confirmed.url.path
    assert "/rights/requests/" in begun.url.path


async def _at_rest(installation: Installation) -> bool:
    """Say whether no mail waits and every request has come to its end."""
    for service in KEPT:
        if (await installation.ask(service, "select count(*) from mail"))[0][0]:
            return False
    running = "select count(*) from request where destroyed_at is null"
    return bool((await installation.ask("rights", running))[0][0] == 0)


async def _everything(installation: Installation) -> dict[str, str]:
    """Digest what the two slices hold of people, table by table."""
    found = {}
    for service, tables in KEPT.items():
        for table in tables:
            rows = await installation.ask(service, f"select t::text from {table} t order by 1")
            text = "\n".join(row[0] for row in rows)
            found[f"{service}.{table}"] = hashlib.sha256(text.encode()).hexdigest()
    return found
