"""The real privacy centre, origin, ledger and verifier, used as a person uses them."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import asyncpg
import httpx2

from demo.person import PageForm, forms_of
from services.erasure.declaration import SERVICE as LEDGER
from services.erasure.settings import MIGRATIONS
from services.erasure.worker import work as ledger_work
from services.rights.declaration import SERVICE as RIGHTS
from shared.database import Kernel
from shared.database import apply as apply_database
from shared.database.migrations import apply_verifier
from shared.keys import apply_keys, load_ring
from shared.keys.first import publish_first
from shared.outbox.topics import apply as apply_topics
from shared.saga.verifier import verify_work
from shared.settings import Settings
from shared.stack.inbox import Inbox
from shared.visitor.received import Mail
from shared.web import internal_app, public_app
from shared.web.configuration import WebSettings
from shared.web.listening import listening
from shared.worker import _serve
from tests.kernel import eventually, running

_people = itertools.count(1)


@dataclass
class Centre:
    """What a test needs of the running privacy centre; `rows` reads as the database's owner."""

    settings: Settings
    client: httpx2.AsyncClient
    inbox: Inbox
    owner: asyncpg.Connection

    def address(self) -> str:
        return f"Ada{next(_people)}.{self.settings.namespace.strip('_')}@example.org"

    async def ask(self, address: str, lang: str = "en") -> httpx2.Response:
        """Fill the form and send it; the page that follows."""
        page = await self.client.get(f"/{lang}/rights/erase")
        answer = await self.post(page, {"email": address})
        assert answer.status_code == 303, answer.text
        return await self.client.get(answer.headers["location"])

    async def press(self, path: str) -> httpx2.Response:
        """Open a page and press its one button; the answer to the POST."""
        return await self.post(await self.client.get(path))

    async def post(
        self, page: httpx2.Response, values: dict[str, str] | None = None
    ) -> httpx2.Response:
        form = _posting(page)
        return await self.client.post(
            urljoin(str(page.url), form.action),
            content=urlencode(form.values | (values or {})),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": self.settings.public_url,
                "Sec-Fetch-Site": "same-origin",
            },
        )

    async def mail(self, address: str, subject: str) -> Mail:
        mails = await self.inbox.wait_for(address, subject=subject)
        return next(mail for mail in mails if subject in mail.subject)

    async def link(self, address: str, part: str, subject: str) -> str:
        mail = await self.mail(address, subject)
        return urlsplit(next(link for link in mail.links if part in link)).path

    async def value(self, sql: str, *args: object) -> Any:
        return await self.owner.fetchval(sql, *args)

    async def await_value(self, sql: str, *args: object) -> Any:
        async def there() -> Any:
            return await self.value(sql, *args)

        return await eventually(there)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run all workers beside the block."""
        everything = (
            RIGHTS.work(self.settings),
            ledger_work(self.settings),
            verify_work(self.settings, "rights"),
        )
        ring = load_ring(self.settings)
        async with contextlib.AsyncExitStack() as stack:
            for work in everything:
                await stack.enter_async_context(running(_serve(self.settings, work, ring, None)))
            yield


def _posting(page: httpx2.Response) -> PageForm:
    assert page.status_code == 200, page.text
    return next(form for form in forms_of(page.text) if form.method == "post")


@contextlib.asynccontextmanager
async def centre(settings: Settings, inbox: Inbox) -> AsyncIterator[Centre]:
    """Build and open everything but the workers."""
    apply_keys(settings, ("rights", "erasure"), ("rights",))
    await apply_topics(settings)
    migrations = RIGHTS.folder / "migrations"
    await apply_database(settings, "rights", migrations, kernel=Kernel.ORIGIN)
    await apply_verifier(settings, "rights")
    await apply_database(settings, "erasure", MIGRATIONS, kernel=Kernel.PLUMBING)
    await publish_first(settings, ("rights",))
    parts = [RIGHTS.part(), LEDGER.part()]
    web = public_app(settings, parts)
    bind = settings.internal_url.removeprefix("http://")
    owner = await asyncpg.connect(settings.database_url("rights", "owner"))
    transport = httpx2.ASGITransport(app=web)
    async with (
        listening(internal_app(settings, parts), bind, WebSettings.load()),
        httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client,
    ):
        yield Centre(settings, client, inbox, owner)
    await owner.close()
    await web.state.web.close()
