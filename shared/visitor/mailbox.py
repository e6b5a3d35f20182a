"""Where a person's mails come: any mailbox that can be read, such as the development inbox."""

from typing import Any, Protocol

import httpx2


class Mailbox(Protocol):
    """A mailbox; its mails are told as `received.Mail.as_json` tells them."""

    patience_s: float  # how long a mail may be on its way
    pause_s: float  # between two looks

    async def mails(self, address: str, /) -> list[dict[str, Any]]:
        """Give the mails to an address that are here by now."""

    async def attachment(self, mail_id: str, number: int, /) -> bytes:
        """Give the content of a mail's attachment, counted from 0."""


class DevelopmentInbox:
    """The inbox of the development stack, read over HTTP."""

    patience_s = 60.0
    pause_s = 0.02

    def __init__(self, browser: httpx2.AsyncClient, url: str = "/dev/inbox") -> None:
        """`url`: where the inbox is, if not beside the pages; without `.json`."""
        self._browser, self._url = browser, url

    async def mails(self, address: str) -> list[dict[str, Any]]:
        """Give the mails to an address. Raises httpx2.HTTPError."""
        answer = await self._browser.get(f"{self._url}.json", params={"to": address})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    async def attachment(self, mail_id: str, number: int) -> bytes:
        """Give an attachment's content. Raises httpx2.HTTPError."""
        return (await self._browser.get(f"{self._url}/{mail_id}/{number}")).content
