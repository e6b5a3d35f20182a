"""What a person meets: the whole way by keyboard, without scripts, on small and dark screens."""

import hashlib
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from demo.person import Person
from tests.browser.visitor import visiting
from tests.browser.walk import walk
from tests.installation import Installation, certificates, confirm_erasure, eventually, subscribe

NARROW_PX = 320  # WCAG 2.2, 1.4.10 Reflow
DARK, WHITE = 64, 255
GRAVE = {"serious", "critical"}
WHOLE: dict[str, object] = {"resultTypes": ["violations"]}
CONTRAST: dict[str, object] = WHOLE | {"runOnly": ["color-contrast"]}
STYLED = "[...document.querySelectorAll('*')].map(one => one.tagName + '.' + one.className)"
BILINGUAL = ("/", "/dev/inbox")
AGAIN = 5  # pages that are looked at twice: with mistakes, with a used link, with an answer
KEPT = {
    "newsletter": ("subject", "pending", "subscriber", "consent", "token", "deadline", "mail"),
    "rights": ("subject", "unconfirmed", "token", "deadline", "mail", "request", "alias", "nonce"),
}


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_the_whole_way_by_keyboard_without_scripts(
    browser: Browser, installation: Installation, lang: str
) -> None:
    seen: list[str] = []

    async with visiting(
        browser, installation, f"keys.{lang}@example.org", lang, java_script_enabled=False
    ) as visitor:
        address = visitor.person.address

        async def look() -> None:
            page, where = visitor.page, urlsplit(visitor.page.url).path
            seen.append(where)
            if where not in BILINGUAL:
                assert await page.locator("html").get_attribute("lang") == lang, where
                assert address not in await page.locator("main").inner_text(), where
            assert await page.locator("h1").count() == 1, where

        await walk(visitor, look)

    assert len(seen) == len(set(seen)) + AGAIN
    assert set(BILINGUAL) < set(seen)
    assert visitor.elsewhere == []
    assert visitor.complaints == []


@pytest.mark.parametrize("lang", ["de"])  # the longer words
async def test_every_page_can_be_read_by_everybody(
    browser: Browser, installation: Installation, lang: str
) -> None:
    found: list[str] = []
    coloured: set[str] = set()

    async with visiting(browser, installation, "eyes@example.org", lang) as visitor:

        async def look() -> None:
            page = visitor.page
            where = urlsplit(page.url).path.rpartition("/")[0]
            faults = [
                *await _barriers(page, WHOLE),
                *await _in_the_dark(page, coloured),
                *await _narrow(page),
                *await _on_paper(page),
            ]
            found.extend(f"{where}: {fault}" for fault in faults)

        await walk(visitor, look)

    assert found == []


async def _barriers(page: Page, options: dict[str, object]) -> list[str]:
    """Ask axe-core what keeps people out."""
    results = await Axe().run(page, options=options)
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
    faults = await _barriers(page, CONTRAST)
    if max(await _ground(page)) > DARK:
        faults.append("a light background in the dark")
    await page.emulate_media(color_scheme="light")
    return faults


async def _narrow(page: Page) -> list[str]:
    wide = page.viewport_size
    assert wide is not None
    await page.set_viewport_size({"width": NARROW_PX, "height": 640})
    across = await page.evaluate("document.documentElement.scrollWidth")
    await page.set_viewport_size(wide)
    return [f"{across} px wide on {NARROW_PX}"] if across > NARROW_PX else []


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


@pytest.mark.parametrize(("lang", "word"), [("de", "Fehler:"), ("en", "Error:")])
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
