"""The newsletter's real pages, database, mailer and inbox, used as a person uses them."""

import asyncio
import itertools
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import UUID

import httpx2

from contracts.messages import Message, parse, split_lines
from demo.person import PageForm, forms_of
from services.newsletter.declaration import SERVICE as NEWSLETTER
from services.newsletter.inventory import INVENTORY
from services.newsletter.settings import NewsletterSettings
from shared.database import Database
from shared.mail import Sender
from shared.settings import Settings
from shared.slice.endings import ending_actions
from shared.stack.inbox import SUFFIX, Inbox, read_mail
from shared.visitor.received import Mail
from tests.clock import run_all_due

SENDER = Sender("Example Company", "news@example.org", {"en": "Example Street 1", "de": "Weg 1"})
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
class Newsletter:
    """Everything a test needs of the running newsletter."""

    settings: Settings
    client: httpx2.AsyncClient
    inbox: Inbox
    app: Database
    eraser: Database
    config: NewsletterSettings = field(default_factory=NewsletterSettings)
    gate: Gate = field(default_factory=Gate)
    mails_of: Any = None
    web: Any = None

    def address(self) -> str:
        """Invent a person whose mailbox nobody else uses."""
        return f"ada{next(_people)}.{self.settings.namespace.strip('_')}@example.org"

    async def subscribe(self, address: str, lang: str = "en", **names: str) -> httpx2.Response:
        """Fill the form and send it; the answer to the POST."""
        page = await self.client.get(f"/{lang}/newsletter/subscribe")
        form = posting_form(page)
        return await self.post(page, form, {"email": address, **names})

    async def post(
        self, page: httpx2.Response, form: PageForm, values: dict[str, str] | None = None
    ) -> httpx2.Response:
        """Press a form's button, as a browser does."""
        return await self.client.post(
            urljoin(str(page.url), form.action),
            content=urlencode(form.values | (values or {})),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": self.settings.public_url,
                "Sec-Fetch-Site": "same-origin",
            },
        )

    async def press(self, path: str, values: dict[str, str] | None = None) -> httpx2.Response:
        """Open a page and press its one button."""
        page = await self.client.get(path)
        return await self.post(page, posting_form(page), values)

    async def link(self, address: str, part: str, *, count: int = 1) -> str:
        """Wait for the address's `count`-th mail with such a link; the newest one's path."""
        mails = await self.mails(address, part, count=count)
        return path_of(next(link for link in mails[-1].links if part in link))

    async def mails(self, address: str, part: str, *, count: int = 1) -> list[Mail]:
        """Wait until `count` mails of the address hold such a link."""
        async with asyncio.timeout(20):
            while True:
                found = [
                    mail
                    for mail in self.mailbox(address)
                    if any(part in link for link in mail.links)
                ]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.02)

    async def sent(self, address: str) -> None:
        """Wait until no mail to somebody is under way: it leaves the queue after it arrives."""
        sql = "select count(*) from mail join pending using (subject_id) where email = $1"
        async with asyncio.timeout(20):
            while await self.count(sql, address):  # noqa: ASYNC110  # a database sets no event
                await asyncio.sleep(0.02)

    def mailbox(self, address: str) -> list[Mail]:
        """All mails of an address, oldest first."""
        return [mail for mail in self.everybodys_mails() if address in mail.to]

    def everybodys_mails(self) -> list[Mail]:
        """All mails, oldest first."""
        return [_read(file) for file in sorted(self.inbox.folder.glob(f"*{SUFFIX}"))]

    async def subscribed(self, address: str, lang: str = "en", **names: str) -> UUID:
        """Let a person sign up and confirm; gives the subject."""
        assert (await self.subscribe(address, lang, **names)).status_code == 303
        answer = await self.press(await self.link(address, "/confirm/"))
        assert answer.status_code == 303
        row = await self.row("select subject_id from subscriber where email = $1", address)
        return UUID(str(row[0]))

    async def row(self, sql: str, *args: object) -> Any:
        """Read one row."""
        async with self.app.begin() as tx:
            return await tx.fetchrow(sql, *args)

    async def count(self, sql: str, *args: object) -> int:
        """Read one number."""
        return int((await self.row(sql, *args))[0])

    async def everything(self, subject_id: UUID) -> dict[str, int]:
        """Count the rows of a subject in all tables that hang on it."""
        kernel = ("subject", "consent", "token", "mail", "deadline")
        tables = ("pending", "subscriber", "delivery", *kernel)
        sql = "select count(*) from {} where subject_id = $1"
        return {
            table: count
            for table in tables
            if (count := await self.count(sql.format(table), subject_id))
        }

    async def pause(self) -> None:
        """Let every mail that is due go, then let no more out until the gate opens."""
        due = (
            "select count(*) from mail where next_try_at <= now() and not is_restricted(subject_id)"
        )
        async with asyncio.timeout(20):
            while await self.count(due):  # noqa: ASYNC110  # a database sets no event
                await asyncio.sleep(0.02)
        self.gate.opened.clear()

    async def told(self) -> list[Message]:
        """Take what the newsletter told: nobody relays in these tests."""
        async with self.eraser.begin() as tx:
            rows = await tx.fetch("select value from outbox order by id")
        return [parse(line).message for row in rows for line in split_lines(row["value"])]

    async def clock(self) -> int:
        """Let everything that is due be done."""
        return await run_all_due(self.eraser, ending_actions(INVENTORY, NEWSLETTER.endings))

    async def forget_quota(self) -> None:
        """Let ten minutes pass, for the quota."""
        async with self.app.begin() as tx:
            await tx.execute("delete from ephemeral")
            await tx.execute("update mail set next_try_at = now()")


@lru_cache(maxsize=4096)
def _read(file: Path) -> Mail:
    """Parse a mail once: waiting tests look often."""
    return read_mail(file)


def posting_form(page: httpx2.Response) -> PageForm:
    """Give the form of a page."""
    found = [form for form in forms_of(page.text) if form.method == "post"]
    assert len(found) == 1, f"{len(found)} forms on this page (HTTP {page.status_code})"
    return found[0]


def path_of(link: str) -> str:
    """Give the part of a mailed link that a browser asks our server for."""
    return urlsplit(link).path
