"""A person at a browser: opens pages, fills forms, reads mail, follows links; no shortcut."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

from shared.visitor.mailbox import DevelopmentInbox, Mailbox


class NoForm(AssertionError):  # noqa: N818
    """A page has not the form that a person looks for there; the message says what it answered."""


@dataclass
class PageForm:
    """One `<form>` of a page: where it posts to, its fields as a browser would send them."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    unticked: dict[str, str] = field(default_factory=dict)
    visible: set[str] = field(default_factory=set)


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._open: PageForm | None = None
        self._select: str | None = None
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = PageForm(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is None or "name" not in given:
            self._option(tag, given)
        elif tag == "input":
            self._input(self._open, given)
        elif tag == "select":
            self._select = given["name"]
        elif tag == "textarea":
            self._textarea = given["name"]
            self._open.values[self._textarea] = ""

    def _option(self, tag: str, given: Mapping[str, str]) -> None:
        if tag != "option" or self._open is None or self._select is None:
            return
        if "selected" in given or self._select not in self._open.values:
            self._open.values[self._select] = given.get("value", "")

    @staticmethod
    def _input(form: PageForm, given: Mapping[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in {"checkbox", "radio"} and "checked" not in given:
            form.unticked.setdefault(given["name"], given.get("value", "on"))
        elif kind != "submit":
            form.values[given["name"]] = given.get("value", "")
            if kind != "hidden":
                form.visible.add(given["name"])

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._textarea is not None:
            self._open.values[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._open is not None and self._textarea is not None:
            # HTML section 13.2.6.4.7: the first line end in it is none of its text.
            text = self._open.values[self._textarea]
            self._open.values[self._textarea] = text.removeprefix("\n")
            self._textarea = None


def forms_of(html: str) -> list[PageForm]:
    """Parse the forms of a page in the order in which they stand there."""
    parser = _FormParser()
    parser.feed(html)
    return parser.forms


class Person:
    """An invented person with an address, a browser and a mailbox."""

    def __init__(
        self,
        browser: httpx2.AsyncClient,
        address: str,
        language: str = "en",
        mailbox: Mailbox | None = None,
    ) -> None:
        """Take the browser to use, the person's address and the language of the pages.

        `mailbox`: where their mails come, if not in the development inbox beside the pages.
        """
        self.browser = browser
        self.address = address
        self.language = language
        self.mailbox = mailbox or DevelopmentInbox(browser)

    async def look(self, path: str) -> httpx2.Response:
        """Open a page of ours."""
        return await self.browser.get(path, follow_redirects=True)

    async def fill(
        self,
        path: str,
        values: Mapping[str, str] | None = None,
        *,
        tick: tuple[str, ...] = (),
        action: str = "",
        pause_s: float = 0.0,
    ) -> httpx2.Response:
        """Open a page, fill a form, tick boxes, send it, and give the page it leads to.

        It is the page's first form to post, or the first whose action ends with `action`.
        `pause_s` is how long the person takes to fill it, in seconds. Raises NoForm if the page
        has none.
        """
        page = await self.browser.get(path)
        posting = [found for found in forms_of(page.text) if found.method == "post"]
        form = next((found for found in posting if found.action.endswith(action)), None)
        if form is None:
            message = f"no form to post on this page (HTTP {page.status_code})"
            raise NoForm(message)
        if pause_s:
            await asyncio.sleep(pause_s)
        ticked = {name: form.unticked[name] for name in tick}
        sent = form.values | _solved(page.text) | dict(values or {}) | ticked
        action = urljoin(str(page.url), form.action) if form.action else str(page.url)
        headers = {"Origin": _origin(str(page.url)), "Sec-Fetch-Site": "same-origin"}
        return await self.browser.post(action, data=sent, headers=headers, follow_redirects=True)

    async def mails(self) -> list[dict[str, Any]]:
        """All mails in this person's mailbox, oldest first."""
        mine = [one for one in await self.mailbox.mails(self.address) if self.address in one["to"]]
        return sorted(mine, key=lambda mail: str(mail["received_at"]))

    async def mail(
        self, wanted: Callable[[dict[str, Any]], bool], what: str, *, after: int = 0
    ) -> dict[str, Any]:
        """Wait for the newest mail that is wanted, behind the first `after` mails.

        Raises TimeoutError naming `what`.
        """
        end = time.monotonic() + self.mailbox.patience_s
        while time.monotonic() < end:
            found = [mail for mail in (await self.mails())[after:] if wanted(mail)]
            if found:
                return found[-1]
            await asyncio.sleep(self.mailbox.pause_s)
        message = f"no mail came in {self.mailbox.patience_s:.0f} s: {what}"
        raise TimeoutError(message)

    async def attachment(self, mail: Mapping[str, Any], end: str) -> bytes:
        """Give the bytes of a mail's first attachment whose file name ends so."""
        names = [str(one["filename"]) for one in mail["attachments"]]
        number = next(at for at, name in enumerate(names) if name.endswith(end))
        return await self.mailbox.attachment(str(mail["id"]), number)

    async def link(self, part: str, *, after: int = 0) -> str:
        """Wait for a mail, behind the first `after`, with a link that has `part`; give its path."""

        def has_link(mail: dict[str, Any]) -> bool:
            return any(part in link for link in mail["links"])

        mail = await self.mail(has_link, f"a link with {part}", after=after)
        link: str = next(link for link in mail["links"] if part in link)
        split = urlsplit(link)
        return split.path + (f"?{split.query}" if split.query else "")


def _solved(html: str) -> dict[str, str]:
    """Add the two numbers of the question that a form may ask ("Please add 2 and 5.")."""
    asked = re.search(r'<label for="sum">([^<]*)</label>', html)
    return {"sum": str(sum(map(int, re.findall(r"\d+", asked[1]))))} if asked else {}


def _origin(url: str) -> str:
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}"
