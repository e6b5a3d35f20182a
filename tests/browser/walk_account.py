"""Everything about an account, by keyboard: opened, used, changed, ended with its certificate."""

from demo.person import Person
from tests.browser.visitor import Visitor
from tests.installation import eventually

PASSWORD = "seven blue herons wade"
OTHER = "eight grey cranes wade"


async def walk_account(visitor: Visitor) -> None:
    """Walk through every page of an account; `visitor.look` is called on each of them."""
    await _open_account(visitor)
    await _sign_in(visitor)
    await _change(visitor)
    await _read_documents(visitor)
    await _forget_password(visitor)
    await _end(visitor)


def _base(visitor: Visitor) -> str:
    return f"/{visitor.lang}/registration"


async def _open_account(visitor: Visitor) -> None:
    person = visitor.person
    await visitor.open(f"/{visitor.lang}/")
    await visitor.follow(f'a[href="{_base(visitor)}/sign-up"]')
    await visitor.look()
    await visitor.send()  # nothing typed
    await visitor.look()
    await visitor.type("email", person.address)
    await visitor.type("first_name", "Zoë")
    await visitor.tick("use")
    await visitor.send()
    await visitor.look()
    await visitor.send()
    assert visitor.page.url.endswith("/again")
    await visitor.look()
    link = await person.link("/registration/confirm/")
    await visitor.open(link)
    await visitor.look()
    await visitor.type("chosen", "short")
    await visitor.send()
    await visitor.look()
    await visitor.type("chosen", PASSWORD)
    await visitor.send()
    assert visitor.page.url.endswith("/confirmed")
    await visitor.look()
    await visitor.open(link)
    await visitor.look()


async def _sign_in(visitor: Visitor) -> None:
    await visitor.open(f"{_base(visitor)}/account")
    await visitor.look()  # not signed in
    await visitor.open(f"{_base(visitor)}/sign-in")
    await visitor.look()
    await visitor.type("email", visitor.person.address)
    await visitor.type("password", "some other words")
    await visitor.send()
    await visitor.look()
    await visitor.type("password", PASSWORD)
    await visitor.send()
    assert visitor.page.url.endswith("/account")
    await visitor.look()


async def _change(visitor: Visitor) -> None:
    account = f"{_base(visitor)}/account"
    await visitor.follow(f'a[href="{account}/details"]')
    await visitor.look()
    await visitor.type("city", "Köln")
    await visitor.send()
    await visitor.follow(f'form[action="{account}/promotion"] button')
    await visitor.look()
    await visitor.follow(f'a[href="{account}/address"]')
    await visitor.look()
    moved = Person(visitor.person.browser, f"new.{visitor.person.address}", visitor.lang)
    await visitor.type("email", moved.address)
    await visitor.type("password", PASSWORD)
    await visitor.send()
    assert visitor.page.url.endswith("/address-sent")
    await visitor.look()
    await visitor.open(await moved.link("/registration/address/"))
    await visitor.look()
    await visitor.send()
    assert visitor.page.url.endswith("/address-changed")
    await visitor.look()
    visitor.person = moved
    for path in ("password", "withdraw"):
        await visitor.open(f"{account}/{path}")
        await visitor.look()


async def _read_documents(visitor: Visitor) -> None:
    await visitor.open(f"/{visitor.lang}/documents")
    await visitor.look()
    await visitor.follow('main a[href*="/documents/"]')
    await visitor.look()
    document = visitor.page.url.removeprefix(visitor.origin)
    await visitor.send()
    assert visitor.page.url.endswith("/signed-out")
    await visitor.look()
    await visitor.open(document)
    await visitor.look()


async def _forget_password(visitor: Visitor) -> None:
    await visitor.follow('main a[href*="/registration/sign-in"]')
    await visitor.follow(f'a[href="{_base(visitor)}/reset"]')
    await visitor.look()
    await visitor.type("email", visitor.person.address)
    await visitor.send()
    await visitor.look()
    await visitor.open(await visitor.person.link("/registration/reset/"))
    await visitor.look()
    await visitor.type("chosen", OTHER)
    await visitor.send()
    assert visitor.page.url.endswith("/sign-in/again")
    await visitor.look()
    await visitor.type("email", visitor.person.address)
    await visitor.type("password", OTHER)
    await visitor.tick("this_session")
    await visitor.send()
    assert visitor.page.url.endswith("/account")


async def _end(visitor: Visitor) -> None:
    await visitor.follow(f'a[href="{_base(visitor)}/account/end"]')
    await visitor.look()
    await visitor.type("password", OTHER)
    await visitor.send()
    assert "/registration/requests/" in visitor.page.url
    await visitor.look()

    async def is_certified() -> bool:
        if await visitor.page.locator('a[href$="/certificate"]').count():
            return True
        await visitor.page.reload()
        return False

    await eventually(is_certified, "the status page offers the certificate")
    await visitor.look()
