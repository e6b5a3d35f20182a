"""Nobody else takes part: no foreign host in a page or a mail, and no connection to one."""

import re
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from shared.web.configuration import WebSettings
from tests.contact.site import FORM, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
URL = re.compile(r"https?://[^\s\"'<>)]+")
LOADING = re.compile(r"<(?:script|img|iframe|link|object|embed|source|video|audio)\b[^>]*")
_reached: list[object] = []
_watching = [False]


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _watching[0] and event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        _reached.append(arguments[0 if event == "socket.getaddrinfo" else 1])


sys.addaudithook(_note)  # cannot be taken out again; it notes nothing outside of the test


@pytest.fixture
def reached() -> Iterator[list[object]]:
    """Note every address that this process connects to or looks up."""
    _reached.clear()
    _watching[0] = True
    yield _reached
    _watching[0] = False


def allowed_hosts(site: Site) -> set[str]:
    """Name our own host, and those of the authorities in the page's foot: links, nothing loaded."""
    controller = WebSettings.load().read_controller()
    ours = (
        site.settings.public_url,
        controller.authority_url,
        controller.authorities_url_de,
        controller.authorities_url_en,
    )
    return {urlsplit(url).hostname or "" for url in ours}


@pytest.mark.rule("R-CT-03")
async def test_from_the_form_to_the_end_only_our_own_servers_are_reached(
    site: Site, reached: list[object]
) -> None:
    ada = site.address()
    case = await site.written(ada)
    await site.answered(case)
    link = await site.link(ada, count=2)
    await site.press(link)
    await site.clock()

    ours = {
        tuple(one.rsplit(":", 1))
        for one in (site.settings.postgres, site.settings.smtp, site.settings.kafka)
    }
    foreign = {
        str(address)
        for address in reached
        if not (isinstance(address, tuple) and (str(address[0]), str(address[1])) in ours)
        and address not in {host for host, _port in ours}
        and not str(address).startswith(str(site.settings.state))  # sockets of our own processes
    }
    assert reached, "the watch works: mails went to our own relay"
    assert not foreign


@pytest.mark.rule("R-CT-03")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_pages_and_mails_name_no_foreign_host_and_load_nothing(site: Site, lang: str) -> None:
    ada = site.address()
    form = await site.client.get(FORM.format(lang))
    sent = await site.write(ada, lang=lang)
    case = await site.case_of(ada)
    await site.answered(case)
    mails = await site.mails(ada, 2)
    link = await site.link(ada, count=2)
    pages = [
        form,
        await site.client.get(sent.headers["location"]),
        await site.client.get(link),
        await site.client.get(link.removesuffix("/end")),
        await site.inside.get(f"/{lang}/contact/desk"),
        await site.inside.get(f"/{lang}/contact/desk/case/{case}"),
    ]

    said = [page.text for page in pages] + [mail.text + mail.html for mail in mails]
    hosts = {urlsplit(url).hostname for text in said for url in URL.findall(text)}
    loaded = [tag for text in said for tag in LOADING.findall(text)]
    assert {page.status_code for page in pages} == {200}
    assert hosts <= allowed_hosts(site)
    assert all('href="/assets/' in tag for tag in loaded)
    assert all("default-src 'none'" in page.headers["content-security-policy"] for page in pages)
