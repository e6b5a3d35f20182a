"""What people type is in their case and nowhere else: no message, log line or address of a page."""

import logging
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from services.contact.forms import ANSWER, FOLLOW, MESSAGE
from shared.web import Kind
from tests.client import solve
from tests.contact.site import FORM, Site, question

pytestmark = pytest.mark.asyncio(loop_scope="session")
TYPED = {Kind.EMAIL, Kind.TEXT, Kind.LONG_TEXT, Kind.TELEPHONE}


async def everything_told(site: Site) -> bytes:
    """Give every record that waits to be sent, keys and headers too."""
    async with site.eraser.begin() as tx:
        rows = await tx.fetch("select key, value, headers from outbox")
    return b"".join(bytes(part or b"") for row in rows for part in row)


@pytest.mark.rule("R-POL-05")
async def test_what_is_typed_is_in_no_message_log_or_address_of_a_page(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    mark = f"zqcontact{site.settings.namespace.strip('_')}"
    ada = f"{mark}@example.org"
    typed = {
        one.name: ada if one.kind is Kind.EMAIL else f"{mark} {one.name}"
        for one in MESSAGE.fields
        if one.kind in TYPED
    }
    urls: list[str] = []
    for client in (site.client, site.inside):
        client.event_hooks["request"].append(note_url(urls))
    page = await site.client.get(FORM.format("en"))

    refused = await site.post(page, typed | {"sum": "0"})
    answer = await site.post(refused, typed | {"sum": solve(question(refused))})
    case = await site.case_of(ada)
    await site.answered(case, f"{mark} {ANSWER.fields[0].name}")
    link = await site.link(ada, count=2)
    await site.press(link.removesuffix("/end"), {FOLLOW.fields[0].name: f"{mark} again"})
    await site.press(link)
    await site.clock()

    assert set(typed) == {"email", "company", "telephone", "message"}
    assert answer.status_code == 303
    assert await site.left_of(case) == {}
    assert mark.encode() not in await everything_told(site)
    assert mark not in caplog.text + "".join(capfd.readouterr())
    assert len(urls) > 8
    assert not any(mark in url for url in (*urls, answer.headers["location"]))


def note_url(urls: list[str]) -> Callable[[httpx2.Request], Awaitable[None]]:
    """Make a hook that notes each address a browser asks for."""

    async def note(request: httpx2.Request) -> None:
        urls.append(str(request.url))

    return note
