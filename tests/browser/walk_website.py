"""The website itself, by keyboard: choices about cookies, the policy, erasing this browser."""

from tests.browser.visitor import Visitor


async def walk_website(visitor: Visitor) -> None:
    """Walk through every page; `visitor.look` is called on each of them."""
    root = f"/{visitor.lang}/cookies"
    await visitor.open(f"/{visitor.lang}/")
    await visitor.follow(f'footer a[href="{root}"]')
    await visitor.look()
    await visitor.tick("web_analytics")
    await visitor.send()
    assert visitor.page.url.endswith("/saved")
    await visitor.look()
    await visitor.open(root)
    await visitor.look()
    await visitor.open(f"{root}/settings")
    await visitor.look()
    await visitor.choose("country", "D" if visitor.lang == "de" else "G")
    await visitor.send()
    await visitor.open(f"{root}/counting")
    await visitor.look()
    await visitor.tick("objection")
    await visitor.send()
    await visitor.look()
    await visitor.open(f"{root}/erase")
    await visitor.look()
    await visitor.send()
    assert "/cookies/erased" in visitor.page.url
    await visitor.look()
    await visitor.open(f"/{visitor.lang}/data-protection-policy.html")
    await visitor.look()
    await visitor.follow('main nav a[href$=".html"]')
    await visitor.look()
