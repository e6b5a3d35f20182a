"""The mail inbox of the development stack: what people would see in their mailboxes.

It plays the mailboxes of the people we write to, so nothing of it counts as our storage. The SMTP
server (`smtp_server.py`) keeps each mail as one file; this is the reader of that folder.
"""

import asyncio
import email
import email.policy
import json
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from shared.stack.ports import accepts
from shared.stack.supervisor import Child

LINK = re.compile(r"https?://[^\s<>\"')\]]+")
PUNCTUATION = ".,;:!?"  # of the sentence around a link, not of the link
SUFFIX = ".mail"


@dataclass(frozen=True)
class Mail:
    """A mail as a person would see it in their mailbox."""

    id: str
    to: list[str]
    from_: str
    subject: str
    text: str
    html: str
    links: list[str]
    received_at: datetime
    message_id: str
    headers: list[tuple[str, str]]
    attachments: list[dict[str, Any]]
    raw: bytes

    def as_json(self) -> dict[str, Any]:
        """Return what `/dev/inbox.json` lists: no attachment contents, times in ISO 8601."""
        return {
            "id": self.id,
            "to": self.to,
            "from": self.from_,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "links": self.links,
            "received_at": self.received_at.isoformat(),
            "message_id": self.message_id,
            "headers": [list(pair) for pair in self.headers],
            "attachments": [
                {key: one[key] for key in ("filename", "content_type", "bytes")}
                for one in self.attachments
            ],
        }


@dataclass(frozen=True)
class Inbox:
    """Reader of the folder that the SMTP server fills."""

    folder: Path

    def messages(self, to: str | None = None) -> list[Mail]:
        """Return all mails, oldest first; only those to one address if `to` is given."""
        mails = [read_mail(file) for file in sorted(self.folder.glob(f"*{SUFFIX}"))]
        return [mail for mail in mails if to is None or to in mail.to]

    def message(self, mail_id: str) -> Mail | None:
        """Return one mail, or None if there is none with that id."""
        if not re.fullmatch(r"[0-9a-f-]{1,64}", mail_id):
            return None
        file = self.folder / f"{mail_id}{SUFFIX}"
        return read_mail(file) if file.exists() else None

    async def wait_for(
        self, to: str, *, subject: str = "", count: int = 1, within_s: float = 20.0
    ) -> list[Mail]:
        """Wait until `count` mails to the address (whose subject contains `subject`) are there.

        Raises TimeoutError naming how many came.
        """
        until = time.monotonic() + within_s
        while True:
            found = [mail for mail in self.messages(to) if subject in mail.subject]
            if len(found) >= count:
                return found
            if time.monotonic() > until:
                msg = f"{len(found)} of {count} mails came within {within_s} s"
                raise TimeoutError(msg)
            await asyncio.sleep(0.02)

    def clear(self) -> None:
        """Forget every mail."""
        for file in self.folder.glob(f"*{SUFFIX}"):
            file.unlink()


@lru_cache(maxsize=2_000)
def read_mail(file: Path) -> Mail:
    """Parse one stored mail; once, since a stored mail never changes and pages ask often."""
    recipients, _, raw = file.read_bytes().partition(b"\n")
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    text, html = _body(parsed, "plain"), _body(parsed, "html")
    found = [link.rstrip(PUNCTUATION) for link in LINK.findall(text)]
    links = dict.fromkeys([*found, *_hrefs(html)])
    return Mail(
        id=file.stem,
        to=json.loads(recipients),
        from_=str(parsed.get("From", "")),
        subject=str(parsed.get("Subject", "")),
        text=text,
        html=html,
        links=list(links),
        received_at=datetime.fromtimestamp(int(file.stem.split("-")[0], 16) / 1e6, UTC),
        message_id=str(parsed.get("Message-ID", "")),
        headers=[(name, str(value)) for name, value in parsed.items()],
        attachments=[_attachment(part) for part in parsed.iter_attachments()],
        raw=raw,
    )


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    return "" if part is None else str(part.get_content())


def _attachment(part: Any) -> dict[str, Any]:
    content = part.get_payload(decode=True) or b""
    return {
        "filename": part.get_filename() or "",
        "content_type": part.get_content_type(),
        "bytes": len(content),
        "content": content,
    }


class _Hrefs(HTMLParser):
    """Collects the targets of links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _hrefs(html: str) -> list[str]:
    parser = _Hrefs()
    parser.feed(html)
    return [link for link in parser.found if link.startswith(("http://", "https://"))]


def prepare_inbox(state: Path, port: int) -> tuple[Inbox, Child]:
    """Describe the SMTP server's child and give the reader of its folder."""
    folder = state / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    child = Child(
        name="inbox",
        argv=[sys.executable, "-m", "shared.stack.smtp_server", str(port), str(folder.absolute())],
        ready=lambda: accepts(port),
        cwd=Path(__file__).parents[2],
        ports=(port,),
    )
    return Inbox(folder), child
