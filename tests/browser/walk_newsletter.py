"""The whole way, by keyboard: subscribe, look around, have everything erased, check the proof."""

from datetime import datetime

from playwright.async_api import FilePayload

from contracts.verify_bundle import verify
from services.erasure.printing import issued_path
from shared.web.language import Language
from tests.browser.visitor import Visitor
from tests.installation import eventually, receive_certificate


async def walk_newsletter(visitor: Visitor) -> None:
    """Walk through every page; `visitor.look` is called on each of them."""
    await visitor.open(f"/{visitor.lang}/")
    await visitor.look()
    await _subscribe(visitor)
    await _look_around(visitor)
    await _ask_for_erasure(visitor)
    await _follow_the_request(visitor)
    await _check_the_certificate(visitor)
    for path in ("/dev/inbox", f"/{visitor.lang}/nothing", "/"):
        await visitor.open(path)
        await visitor.look()


async def _subscribe(visitor: Visitor) -> None:
    lang, person = visitor.lang, visitor.person
    await visitor.follow(f'a[href="/{lang}/newsletter/subscribe"]')
    await visitor.look()
    await visitor.send()  # nothing typed
    await visitor.look()
    await visitor.type("email", person.address)
    await visitor.type("first_name", "Zoë")
    await visitor.send()
    assert "/newsletter/sent/" in visitor.page.url
    await visitor.look()
    await visitor.open(await person.link("/newsletter/confirm/"))
    await visitor.look()
    await visitor.send()
    assert "/newsletter/confirmed/" in visitor.page.url
    await visitor.look()
    await visitor.page.go_back()
    await visitor.page.reload()  # the link once more
    await visitor.look()


async def _look_around(visitor: Visitor) -> None:
    await visitor.open(await visitor.person.link("/newsletter/consent/"))
    await visitor.look()
    await visitor.open(await visitor.person.link("/newsletter/preferences/"))
    await visitor.look()
    await visitor.send()
    assert visitor.page.url.endswith("/saved")
    await visitor.look()
    await visitor.open(await visitor.person.link("/newsletter/unsubscribe/"))
    await visitor.look()


async def _ask_for_erasure(visitor: Visitor) -> None:
    await visitor.open(f"/{visitor.lang}/")
    await visitor.follow(f'a[href="/{visitor.lang}/rights/erase"]')
    await visitor.look()
    await visitor.type("email", visitor.person.address)
    await visitor.send()
    assert "/rights/sent/" in visitor.page.url
    await visitor.look()
    await visitor.send()
    assert visitor.page.url.endswith("/again")
    await visitor.look()
    await visitor.open(await visitor.person.link("/rights/confirm/"))
    await visitor.look()
    await visitor.send()
    assert "/rights/requests/" in visitor.page.url
    await visitor.look()


async def _follow_the_request(visitor: Visitor) -> None:
    """Press the refresh link, as somebody without scripts does, until the certificate is there."""

    async def is_certified() -> bool:
        if await visitor.page.locator('a[href$="/certificate"]').count():
            return True
        await visitor.follow('main a[href*="/rights/requests/"]')
        return False

    await eventually(is_certified, "the status page offers the certificate")
    await visitor.look()


async def _check_the_certificate(visitor: Visitor) -> None:
    bundle = (await receive_certificate(visitor.person)).decode()
    await visitor.follow(f'main a[href="/{visitor.lang}/erasure/verify"]')
    await visitor.look()
    await visitor.type("bundle", bundle[: len(bundle) // 2])
    await visitor.send()
    assert await visitor.page.locator("main [role=alert]").count() == 1
    await visitor.look()
    await visitor.follow(f'main a[href="/{visitor.lang}/erasure/verify"]')
    await visitor.type("bundle", bundle)
    await visitor.send()
    assert await visitor.page.locator("main [role=status]").count() == 1
    await visitor.look()
    await _choose_the_file(visitor, bundle)
    await _follow_the_printed_copy(visitor, bundle)


async def _choose_the_file(visitor: Visitor, bundle: str) -> None:
    await visitor.open(f"/{visitor.lang}/erasure/verify/file")
    await visitor.look()
    await visitor.send()
    assert await visitor.page.locator("#bundle-error").count() == 1
    await visitor.look()
    await visitor.tab_to("#bundle")
    file = FilePayload(name="c.expunge.json", mimeType="application/json", buffer=bundle.encode())
    await visitor.page.set_input_files("#bundle", file)
    await visitor.send()
    assert await visitor.page.locator("main [role=status]").count() == 1
    await _walk_up_the_log(visitor, verify(bundle.encode())["certificate"]["requestId"])


async def _walk_up_the_log(visitor: Visitor, request: str) -> None:
    """From the certificate to its entry, to the log, to another entry, and to one that is not."""
    await visitor.follow(f'main a[href^="/{visitor.lang}/erasure/log/entry?index="]')
    entry = visitor.page.url
    await visitor.look()
    await visitor.follow(f'main a[href="/{visitor.lang}/erasure/log"]')
    await visitor.type("which", "ada")
    await visitor.send()
    assert await visitor.page.locator("#which-error").count() == 1
    await visitor.look()
    await visitor.tab_to("#which")
    await visitor.page.keyboard.press("Control+A")
    await visitor.page.keyboard.insert_text(request)
    await visitor.send()
    assert visitor.page.url == entry
    await visitor.follow(f'main a[href="/{visitor.lang}/erasure/log"]')
    await visitor.look()
    await visitor.follow(f'main a[href^="/{visitor.lang}/erasure/log/entry?index="]')
    assert await visitor.page.locator("main ol li").count() > 1
    await visitor.open(f"/{visitor.lang}/erasure/log/entry?index=999999999")
    assert await visitor.page.locator("main [role=alert]").count() == 1
    await visitor.look()


async def _follow_the_printed_copy(visitor: Visitor, bundle: str) -> None:
    report = verify(bundle.encode())
    completed_at = datetime.fromisoformat(report["certificate"]["completedAt"])
    await visitor.open(issued_path(Language(visitor.lang), completed_at, report["sha256"]))
    assert await visitor.page.locator("main [role=status]").count() == 1
    await visitor.look()
    await visitor.open(issued_path(Language(visitor.lang), completed_at, "0" * 64))
    assert await visitor.page.locator("main [role=alert]").count() == 1
    await visitor.look()
