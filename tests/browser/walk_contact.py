"""A message by keyboard, from the form to the clerk's answer, and back again."""

from tests.browser.visitor import Visitor
from tests.client import solve


async def walk_contact(visitor: Visitor, clerk: Visitor) -> None:
    """Walk through every page."""
    await _write(visitor)
    await _answer(clerk)
    await _go_on(visitor)
    await _close(clerk)
    await visitor.open(f"/{visitor.lang}/contact/ended")
    await visitor.look()


async def _write(visitor: Visitor) -> None:
    await visitor.open(f"/{visitor.lang}/")
    await visitor.follow(f'main a[href="/{visitor.lang}/contact/message"]')
    await visitor.look()
    await visitor.type("email", visitor.person.address)
    await visitor.type("message", "How long do you keep invoices?")
    await visitor.type("sum", "1")
    await visitor.send()
    await visitor.look()
    label = await visitor.page.locator("label[for=sum]").inner_text()
    await visitor.type("sum", solve(label))
    await visitor.send()
    assert "/contact/sent/" in visitor.page.url
    await visitor.look()


async def _answer(clerk: Visitor) -> None:
    await clerk.open(f"/{clerk.lang}/contact/desk")
    await clerk.look()
    await clerk.follow('main td a[href*="/contact/desk/case/"]')
    await clerk.look()
    await clerk.type("answer", "Ten years.\n\nThe law says so.")
    await clerk.send()
    await clerk.look()


async def _go_on(visitor: Visitor) -> None:
    await visitor.open(await visitor.person.link("/contact/case/"))
    await visitor.look()
    await visitor.type("message", "And letters?")
    await visitor.send()
    assert visitor.page.url.endswith("/sent")
    await visitor.look()
    await visitor.open(await visitor.person.link("/end"))
    await visitor.look()


async def _close(clerk: Visitor) -> None:
    await clerk.page.reload()
    await clerk.follow('main a[href$="/close"]')
    await clerk.look()
    await clerk.send()
    await clerk.look()
    await clerk.choose("duty", "N")
    await clerk.send()
    assert clerk.page.url.endswith("/desk")
    await clerk.look()
