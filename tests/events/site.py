"""The events slice's real pages, database, mailer and inbox, used as people and organisers do."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import UUID

import httpx2

from contracts.messages import Message, parse, split_lines
from demo.person import PageForm, forms_of
from services.events import organising
from services.events.declaration import SERVICE
from services.events.rules.gathering import Slot, plan
from services.events.settings import SERVICE as NAME
from shared.database import Database
from shared.settings import Settings
from shared.stack.inbox import SUFFIX, Inbox, read_mail
from shared.visitor.received import Mail
from tests.clock import run_all_due

TITLES = {"de": "Archiv im Alltag", "en": "Everyday archives"}
DAY = timedelta(days=1)
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
class Events:
    """Everything a test needs of the running slice."""

    settings: Settings
    client: httpx2.AsyncClient
    inside: httpx2.AsyncClient
    inbox: Inbox
    app: Database
    eraser: Database
    web: Any = None
    mails_of: Any = None
    gate: Gate = field(default_factory=Gate)

    def address(self) -> str:
        """Invent a person whose mailbox nobody else uses."""
        return f"ada{next(_people)}.{self.settings.namespace.strip('_')}@example.org"

    async def gathering(
        self, capacity: int = 10, kind: str = "event", *, listed: bool = True, days: float = 10
    ) -> UUID:
        """Enter a gathering that begins in some days and has two dates."""
        async with self.app.begin() as tx:
            first = tx.now + days * DAY
            slots = [
                Slot(first, first + timedelta(hours=3)),
                Slot(first + DAY, first + DAY + timedelta(hours=3)),
            ]
            made = plan(kind, TITLES, "Bonn", capacity, slots, listed=listed, now=tx.now)
            return await organising.enter(tx, made)

    async def register(
        self, gathering: UUID | str, address: str, *boxes: str, lang: str = "en", **entries: str
    ) -> httpx2.Response:
        """Fill the form, tick `registration` and what is named, and send it."""
        page = await self.client.get(f"/{lang}/events/register/{gathering}")
        assert page.status_code == 200, page.text
        form = posting_form(page)
        known = {"first_name": "Ada", "last_name": "Lovelace", "email": address}
        ticked = {one: form.unticked[one] for one in ("registration", *boxes)}
        return await self.post(page, form, {**known, **ticked, **entries})

    async def registered(
        self, gathering: UUID | str, *boxes: str, lang: str = "en", **entries: str
    ) -> "Somebody":
        """Let somebody register and confirm; gives them, with the link to their seat."""
        address = self.address()
        answer = await self.register(gathering, address, *boxes, lang=lang, **entries)
        assert answer.status_code == 303, answer.text
        confirmed = await self.press(await self.link(address, "/confirm/"))
        assert confirmed.status_code == 303, confirmed.text
        row = await self.row("select subject_id from seat where email = $1", address)
        seat = confirmed.headers["location"].removesuffix("/confirmed")
        return Somebody(address, row["subject_id"], seat)

    async def post(
        self, page: httpx2.Response, form: PageForm, values: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Press a form's button, as a browser does."""
        client = self.inside if "/desk" in page.url.path else self.client
        return await client.post(
            urljoin(str(page.url), form.action),
            content=urlencode(form.values | dict(values or {})),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": self.settings.public_url,
                "Sec-Fetch-Site": "same-origin",
            },
        )

    async def press(self, path: str, values: Mapping[str, str] | None = None) -> httpx2.Response:
        """Open a page and press its one button."""
        page = await self.client.get(path)
        return await self.post(page, posting_form(page), values)

    async def link(self, address: str, part: str, *, count: int = 1) -> str:
        """Wait for the address's `count`-th mail with such a link; the newest one's path."""
        mails = await self.mails(address, part, count=count)
        return path_of(next(link for link in mails[-1].links if part in link))

    async def mails(self, address: str, part: str, *, count: int = 1) -> list[Mail]:
        """Wait until `count` mails of the address have such a link or subject."""
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

    async def no_more_mail(self) -> None:
        """Wait until every mail that is due has gone."""
        async with asyncio.timeout(20):
            while await self.count(DUE):  # noqa: ASYNC110  # a database sets no event
                await asyncio.sleep(0.02)

    async def row(self, sql: str, *args: object) -> Any:
        """Read one row."""
        async with self.app.begin() as tx:
            return await tx.fetchrow(sql, *args)

    async def count(self, sql: str, *args: object) -> int:
        """Read one number."""
        return int((await self.row(sql, *args))[0])

    async def taken(self, gathering: UUID) -> int:
        """Say how many seats a gathering counts as taken."""
        return await self.count("select taken from gathering where gathering_id = $1", gathering)

    async def everything(self, subject_id: UUID) -> dict[str, int]:
        """Count the rows of a subject in all tables that hang on it."""
        assert SERVICE.inventory is not None
        tables = [one.name for one in SERVICE.inventory.deletion_order] + ["subject"]
        sql = "select count(*) from {} where subject_id = $1"
        return {
            table: count
            for table in tables
            if (count := await self.count(sql.format(table), subject_id))
        }

    async def told(self, kind: type[Message]) -> list[Any]:
        """Give what was told of one type, oldest first: nobody relays in these tests."""
        async with self.eraser.begin() as tx:
            rows = await tx.fetch("select value from outbox order by id")
        events = [parse(line) for row in rows for line in split_lines(row["value"])]
        return [event.message for event in events if isinstance(event.message, kind)]

    async def clock(self) -> int:
        """Let everything that is due be done."""
        return await run_all_due(self.eraser, SERVICE.actions)

    async def pass_time(self, time: timedelta) -> None:
        """Move everything that has a time back, as if it had passed; then let the clock work."""
        if self.gate.opened.is_set():
            await self.no_more_mail()  # or the mailer and these statements wait for each other
        async with self.eraser.begin() as tx:
            for statement in MOVES:
                await tx.execute(statement, time)
        await self.clock()

    async def organise(self, what: Any, *args: Any, **more: Any) -> Any:
        """Do something an organiser does, in a transaction of its own."""
        async with self.app.begin() as tx:
            return await what(tx, *args, **more)

    async def held(self, gathering: UUID, *there: "Somebody") -> None:
        """Let a gathering take place with somebody there, and conclude it."""
        begins = (await self.row("select * from gathering where gathering_id = $1", gathering))[
            "begins_at"
        ]
        async with self.app.begin() as tx:
            now: datetime = tx.now
        await self.pass_time(begins - now + timedelta(hours=1))
        for one in there:
            await self.organise(
                organising.note_attendance, gathering, one.subject_id, attended=True
            )
        await self.organise(organising.conclude, gathering)
        await self.clock()


@dataclass(frozen=True)
class Somebody:
    """A person who registered: address, subject, and the path of their seat."""

    address: str
    subject_id: UUID
    seat: str


DUE = "select count(*) from mail where next_try_at <= now() and not is_restricted(subject_id)"
MOVES = (
    """
    update gathering set begins_at = begins_at - $1::interval, ends_at = ends_at - $1::interval,
                         over_at = over_at - $1::interval
    """,
    """
    update seat set submitted_at = submitted_at - $1::interval,
                    confirmed_at = confirmed_at - $1::interval,
                    answered_at = answered_at - $1::interval
    """,
    "update sending set sent_at = sent_at - $1::interval",
    "update token set expires_at = expires_at - $1::interval",
    "update deadline set due_at = due_at - $1::interval",
)


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


__all__ = ["NAME", "Events", "Somebody", "path_of", "posting_form"]
