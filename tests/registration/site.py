"""Registration's real pages, database, mailer and inbox, used as a person uses them."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import UUID

import httpx2

from contracts.messages import Message, parse, split_lines
from demo.person import PageForm, forms_of
from services.registration.declaration import SERVICE
from shared.database import Database
from shared.mail import Sender
from shared.settings import Settings
from shared.slice.endings import ending_actions
from shared.stack.inbox import SUFFIX, Inbox, read_mail
from shared.visitor.received import Mail
from tests.clock import run_all_due

SENDER = Sender("Example Company", "accounts@example.org", {"en": "Street 1", "de": "Weg 1"})
PASSWORD = "seven blue herons wade"
TABLES = (
    *("account", "credential", "declared", "presented", "account_change", "reset_wish"),
    *("new_address", "former_address", "sign_in", "delivery"),
    *("subject", "consent", "token", "mail", "deadline"),
)
_people = itertools.count(1)


class Gate:
    """Stands for the worker's gate, open unless a test closes it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.opened.set()

    async def wait(self) -> None:
        """Return when open."""
        await self.opened.wait()


@dataclass
class Site:
    """Everything a test needs of running accounts; `browser` gives another, empty one."""

    settings: Settings
    client: httpx2.AsyncClient
    inbox: Inbox
    app: Database
    eraser: Database
    web: Any
    gate: Gate = field(default_factory=Gate)

    def address(self) -> str:
        """Invent a person whose mailbox nobody else uses."""
        return f"ada{next(_people)}.{self.settings.namespace.strip('_')}@example.org"

    def browser(self) -> httpx2.AsyncClient:
        """Open a browser that nobody is signed in with."""
        transport = httpx2.ASGITransport(app=self.web)
        return httpx2.AsyncClient(transport=transport, base_url=self.settings.public_url)

    async def post(
        self,
        page: httpx2.Response,
        form: PageForm,
        values: Mapping[str, str] | None = None,
        client: httpx2.AsyncClient | None = None,
    ) -> httpx2.Response:
        """Press a form's button, as a browser does."""
        return await (client or self.client).post(
            urljoin(str(page.url), form.action),
            content=urlencode(form.values | dict(values or {})),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": self.settings.public_url,
                "Sec-Fetch-Site": "same-origin",
            },
        )

    async def press(
        self,
        path: str,
        values: Mapping[str, str] | None = None,
        *,
        client: httpx2.AsyncClient | None = None,
        tick: tuple[str, ...] = (),
        action: str = "",
    ) -> httpx2.Response:
        """Open a page, fill its form (the one whose action ends so), tick boxes, press."""
        page = await (client or self.client).get(path)
        form = posting_form(page, action)
        ticked = {name: form.unticked[name] for name in tick}
        return await self.post(page, form, {**(values or {}), **ticked}, client)

    async def sign_up(
        self,
        address: str,
        lang: str = "en",
        *,
        promotion: bool = False,
        details: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Fill the form and send it; the answer to the POST."""
        return await self.press(
            f"/{lang}/registration/sign-up",
            {"email": address, **(details or {})},
            tick=("use", "promotion") if promotion else ("use",),
        )

    async def account(
        self,
        address: str,
        lang: str = "en",
        *,
        promotion: bool = False,
        details: Mapping[str, str] | None = None,
    ) -> UUID:
        """Let a person sign up, confirm and choose the password; gives the subject."""
        answer = await self.sign_up(address, lang, promotion=promotion, details=details)
        assert answer.status_code == 303, answer.text
        answer = await self.press(await self.link(address, "/confirm/"), {"chosen": PASSWORD})
        assert answer.headers["location"].endswith("/confirmed"), answer.text
        return await self.subject(address)

    async def subject(self, address: str) -> UUID:
        """Give the subject of the live account at an address."""
        sql = """
            select subject_id from account
             where email = $1 and confirmed_at is not null and ended_at is null
        """
        return UUID(str(await self.value(sql, address)))

    async def sign_in(
        self,
        address: str,
        password: str = PASSWORD,
        *,
        client: httpx2.AsyncClient | None = None,
        this_session: bool = False,
    ) -> httpx2.Response:
        """Sign in; the answer to the POST."""
        return await self.press(
            "/en/registration/sign-in",
            {"email": address, "password": password},
            client=client,
            tick=("this_session",) if this_session else (),
        )

    async def signed_in(self, address: str, **options: Any) -> httpx2.AsyncClient:
        """Open a browser and sign in with it."""
        browser = self.browser()
        answer = await self.sign_in(address, client=browser, **options)
        assert answer.status_code == 303, answer.text
        return browser

    async def link(self, address: str, part: str, *, count: int = 1) -> str:
        """Wait for the address's `count`-th mail with such a link; the newest one's path."""
        mails = await self.mails(address, part, count=count)
        return path_of(next(link for link in mails[-1].links if part in link))

    async def mails(self, address: str, part: str, *, count: int = 1) -> list[Mail]:
        """Wait until `count` mails of the address hold such a link, or words in the subject."""
        async with asyncio.timeout(20):
            while True:
                found = [
                    mail
                    for mail in self.mailbox(address)
                    if part in mail.subject or any(part in link for link in mail.links)
                ]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.02)

    def mailbox(self, address: str) -> list[Mail]:
        """All mails of an address, oldest first."""
        files = sorted(self.inbox.folder.glob(f"*{SUFFIX}"))
        return [mail for mail in map(_read, files) if address in mail.to]

    async def value(self, sql: str, *args: object) -> Any:
        """Read one value."""
        async with self.app.begin() as tx:
            return await tx.fetchval(sql, *args)

    async def everything(self, subject_id: UUID) -> dict[str, int]:
        """Count the rows of a subject in all tables that hang on it."""
        found = {}
        for table in TABLES:
            sql = f"select count(*) from {table} where subject_id = $1"
            if count := await self.value(sql, subject_id):
                found[table] = int(count)
        return found

    async def idle(self) -> None:
        """Wait until no mail is due."""
        sql = """
            select count(*) from mail
             where next_try_at <= now() and not is_restricted(subject_id)
        """
        async with asyncio.timeout(20):
            while await self.value(sql):  # noqa: ASYNC110 - a database sets no event
                await asyncio.sleep(0.02)

    async def told(self) -> list[Message]:
        """Take what registration told: nobody relays in these tests."""
        async with self.eraser.begin() as tx:
            rows = await tx.fetch("select value from outbox order by id")
        return [parse(line).message for row in rows for line in split_lines(row["value"])]

    async def clock(self) -> int:
        """Let everything that is due be done."""
        assert SERVICE.inventory is not None
        endings = ending_actions(SERVICE.inventory, SERVICE.endings)
        return await run_all_due(self.eraser, {**endings, **SERVICE.actions})

    async def let_pass(self, subject_id: UUID, kind: str) -> None:
        """Move a deadline into the past and let it be done."""
        async with self.eraser.begin() as tx:
            sql = "update deadline set due_at = now() where subject_id = $1 and kind = $2"
            assert await tx.execute(sql, subject_id, kind) == 1
        await self.clock()

    async def restrict(self, subject_id: UUID, *, restricted: bool = True) -> None:
        """Set or lift a restriction, as the desk does."""
        async with self.eraser.begin() as tx:
            await tx.execute(
                "update subject set restricted_at = $2 where subject_id = $1",
                subject_id,
                tx.now if restricted else None,
            )

    async def forget_quota(self) -> None:
        """Let ten minutes pass, for the quota."""
        async with self.app.begin() as tx:
            await tx.execute("delete from ephemeral")
            await tx.execute("update mail set next_try_at = now()")


@lru_cache(maxsize=4096)
def _read(file: Path) -> Mail:
    """Parse a mail once: waiting tests look often."""
    return read_mail(file)


def posting_form(page: httpx2.Response, action: str = "") -> PageForm:
    """Give the form of a page, or the one whose action ends so."""
    found = [
        form
        for form in forms_of(page.text)
        if form.method == "post" and form.action.endswith(action)
    ]
    assert found, f"no such form on this page (HTTP {page.status_code})"
    assert action or len(found) == 1, f"{len(found)} forms on this page"
    return found[0]


def path_of(link: str) -> str:
    """Give the part of a mailed link that a browser asks our server for."""
    return urlsplit(link).path
