"""The contact form's real pages, database, mailer and inbox, used as a person and a clerk do."""

import asyncio
import base64
import itertools
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit
from uuid import UUID

import httpx2

from contracts.messages import Message, parse, split_lines
from demo.person import PageForm, forms_of
from services.contact.declaration import SERVICE
from services.contact.inventory import INVENTORY
from shared.database import Database
from shared.desk import NewStaff
from shared.desk.accounts import _totp
from shared.settings import Settings
from shared.slice.endings import ending_actions
from shared.stack.inbox import SUFFIX, Inbox, read_mail
from shared.visitor.received import Mail
from tests.client import solve
from tests.clock import run_all_due

FORM = "/{}/contact/message"
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
    """Everything a test needs of the running slice."""

    settings: Settings
    client: httpx2.AsyncClient
    inside: httpx2.AsyncClient
    inbox: Inbox
    app: Database
    eraser: Database
    staff: NewStaff
    web: Any
    mails_of: Any
    gate: Gate = field(default_factory=Gate)

    def address(self) -> str:
        """Invent a person whose mailbox nobody else uses."""
        return f"ada{next(_people)}.{self.settings.namespace.strip('_')}@example.org"

    async def write(
        self, address: str, message: str = "How do I?", lang: str = "en", **more: str
    ) -> httpx2.Response:
        """Fill the contact form as a person does, and send it; the answer to the POST."""
        page = await self.client.get(FORM.format(lang))
        entries = {"email": address, "message": message, "sum": solve(question(page)), **more}
        return await self.post(page, entries)

    async def written(self, address: str, message: str = "How do I?", **more: str) -> UUID:
        """Let a person write; gives the case."""
        answer = await self.write(address, message, **more)
        assert answer.status_code == 303, answer.text
        return await self.case_of(address)

    async def post(
        self, page: httpx2.Response, entries: dict[str, str], client: Any = None
    ) -> httpx2.Response:
        """Press the one form's button, as a browser does."""
        [form] = [one for one in forms_of(page.text) if one.method == "post"]
        return await (client or self.client).post(
            urljoin(str(page.url), form.action),
            data=form.values | entries,
            headers={"Origin": self.settings.public_url, "Sec-Fetch-Site": "same-origin"},
        )

    async def press(self, path: str, entries: dict[str, str] | None = None) -> httpx2.Response:
        """Open a page and press its button."""
        return await self.post(await self.client.get(path), entries or {})

    async def case_of(self, address: str) -> UUID:
        """Give the newest case of an address."""
        row = await self.row(
            "select subject_id from inquiry where email = $1 order by asked_at desc", address
        )
        return UUID(str(row[0]))

    async def sign_in(self) -> None:
        """Sign the clerk in."""
        async with self.app.begin() as tx:
            await tx.execute("update staff set last_step = 0")
        secret = parse_qs(urlsplit(self.staff.uri).query)["secret"][0]
        code = _totp(base64.b32decode(secret)).generate(int(time.time())).decode()
        entries = {"name": self.staff.name, "password": self.staff.password, "code": code}
        answer = await self.inside.post("/en/contact/desk/sign-in", data=entries)
        assert answer.status_code == 303, answer.text

    async def at_desk(self, path: str, entries: dict[str, str]) -> httpx2.Response:
        """Open a page of the desk and send its form."""
        page = await self.inside.get(f"/en/contact/desk{path}")
        assert page.status_code == 200, page.text
        return await self.post(page, entries, self.inside)

    async def answered(self, case: UUID, text: str = "You do it so.") -> None:
        """Let the clerk answer, and wait until the answer left."""
        answer = await self.at_desk(f"/case/{case}", {"answer": text})
        assert answer.status_code == 303, answer.text
        await self.until(
            "select count(*) = 0 from letter where subject_id = $1 and from_us and sent_at is null",
            case,
        )

    async def until(self, sql: str, *args: object) -> None:
        """Wait until a statement says true."""
        async with asyncio.timeout(20):
            while not (await self.row(sql, *args))[0]:  # noqa: ASYNC110  # a database sets no event
                await asyncio.sleep(0.02)

    async def mails(self, address: str, count: int = 1) -> list[Mail]:
        """Wait for that many mails of an address; all of them, oldest first."""
        async with asyncio.timeout(20):
            while len(found := self.mailbox(address)) < count:  # noqa: ASYNC110  # nor does a folder
                await asyncio.sleep(0.02)
        return found

    def mailbox(self, address: str) -> list[Mail]:
        """All mails of an address, oldest first."""
        mails = [read_mail(one) for one in sorted(self.inbox.folder.glob(f"*{SUFFIX}"))]
        return [mail for mail in mails if address in mail.to]

    async def link(self, address: str, ending: str = "/end", count: int = 1) -> str:
        """Give the path of such a link of the newest mail."""
        mail = (await self.mails(address, count))[-1]
        return urlsplit(next(one for one in mail.links if one.endswith(ending))).path

    async def row(self, sql: str, *args: object) -> Any:
        """Read one row."""
        async with self.app.begin() as tx:
            return await tx.fetchrow(sql, *args)

    async def count(self, sql: str, *args: object) -> int:
        """Read one number."""
        return int((await self.row(sql, *args))[0])

    async def left_of(self, case: UUID) -> dict[str, int]:
        """Count what is left of a subject in all tables that hang on it."""
        tables = ("subject", "inquiry", "letter", "consent", "token", "mail", "deadline", "hold")
        sql = "select count(*) from {} where subject_id = $1"
        return {
            table: count for table in tables if (count := await self.count(sql.format(table), case))
        }

    async def told(self, kind: type[Message]) -> list[Any]:
        """Give what was told of one type, oldest first: nobody relays in these tests."""
        async with self.eraser.begin() as tx:
            rows = await tx.fetch("select value from outbox order by id")
        lines = [parse(line).message for row in rows for line in split_lines(row["value"])]
        return [one for one in lines if isinstance(one, kind)]

    async def clock(self) -> int:
        """Let everything that is due be done."""
        actions = {**ending_actions(INVENTORY, SERVICE.endings), **SERVICE.actions}
        return await run_all_due(self.eraser, actions)

    async def pass_time(self, case: UUID, time: str) -> None:
        """Let the deadlines of a case come nearer by an interval of PostgreSQL."""
        async with self.app.begin() as tx:
            await tx.execute(
                "update deadline set due_at = due_at - $2::text::interval where subject_id = $1",
                case, time,
            )  # fmt: skip


def question(page: httpx2.Response) -> str:
    """Read the question of a page: the label of its field, as a screen reader says it."""
    found = re.search(r'<label for="sum">([^<]*)</label>', page.text)
    assert found, page.text
    return found[1]


def form_of(page: httpx2.Response) -> PageForm:
    """Give the one form of a page."""
    [form] = [one for one in forms_of(page.text) if one.method == "post"]
    return form
