"""A mail as whoever gets it sees it: its words, its links, its attachments."""

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

LINK = re.compile(r"https?://[^\s<>\"')\]]+")
PUNCTUATION = ".,;:!?"  # of the sentence around a link, not of the link


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


def parse_mail(raw: bytes, mail_id: str, to: list[str], received_at: datetime) -> Mail:
    """Parse a mail as sent (RFC 5322); `to` are the envelope's recipients, the time is aware."""
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    text, html = _body(parsed, "plain"), _body(parsed, "html")
    found = [link.rstrip(PUNCTUATION) for link in LINK.findall(text)]
    links = dict.fromkeys([*found, *_hrefs(html)])
    return Mail(
        id=mail_id,
        to=to,
        from_=str(parsed.get("From", "")),
        subject=str(parsed.get("Subject", "")),
        text=text,
        html=html,
        links=list(links),
        received_at=received_at,
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
