"""A mail as bytes: Markdown in, text and HTML out, with the headers that automatic mail owes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from jinja2 import Environment

from shared.mail.markdown import to_html, to_text

MAX_HEADER_CHARS = 900
_ONE_LINE = re.compile(r"\s+")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail; `name` has no personal data."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Delivery:
    """What a resolver found for a queued mail, just before it is sent.

    `address`: where it goes now. `values`: join the row's parameters in the template.
    `template`, `language`: replace the row's. `unsubscribe`: a link of ours, becomes
    List-Unsubscribe; the same link must take a one-click POST.
    """

    address: str
    values: Mapping[str, object] = field(default_factory=dict)
    template: str | None = None
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()
    unsubscribe: str | None = None


@dataclass(frozen=True)
class Sender:
    """Who sends: display name, address, and by language what stands below each mail (Markdown)."""

    name: str
    address: str
    imprint: Mapping[str, str] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The domain that signs (DKIM `d=`) and stands in Message-IDs."""
        return self.address.rpartition("@")[2]


def render(
    environment: Environment, template: str, values: Mapping[str, object]
) -> tuple[str, str]:
    """Fill a mail template: its first line is `Subject: ...`, the rest Markdown.

    Out: subject (one line) and Markdown. Every value is escaped, so that no name can become a
    link. Raises jinja2.UndefinedError if a value is missing.
    """
    filled = environment.get_template(template).render(values)
    head, _, body = filled.partition("\n")
    subject = to_text(head.removeprefix("Subject:").strip())
    return _ONE_LINE.sub(" ", subject).strip(), body.strip() + "\n"


def compose(
    *,
    sender: Sender,
    delivery: Delivery,
    message_id: str,
    subject: str,
    markdown: str,
    language: str,
    sent_at: datetime,
) -> EmailMessage:
    """Make the message: text and HTML of the same words, no image, nothing to load.

    Automatic mail says so (RFC 3834 section 5) and asks for no automatic answer. One-click
    unsubscribing is RFC 8058 section 3.1.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = delivery.address
    message["Subject"] = subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{message_id}@{sender.domain}>"
    message["Content-Language"] = language
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if delivery.unsubscribe:
        message["List-Unsubscribe"] = f"<{delivery.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    imprint = sender.imprint.get(language, "")
    whole = f"{markdown}\n\n---\n\n{imprint}\n" if imprint else markdown
    message.set_content(to_text(whole))
    message.add_alternative(_page(to_html(whole), language, subject), subtype="html")
    for attachment in delivery.attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=attachment.name
        )
    return message


def as_bytes(message: EmailMessage) -> bytes:
    """Give the message as sent, CRLF line ends; long links in headers are not folded apart.

    Python would encode a header word longer than a line (RFC 2047), and no mail reader would
    find the link in List-Unsubscribe; RFC 5322 section 2.1.1 allows 998 characters.
    """
    return message.as_bytes(policy=SMTP.clone(max_line_length=MAX_HEADER_CHARS))


def _page(body: str, language: str, subject: str) -> str:
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head>\n"
        '<body style="font-family:sans-serif;line-height:1.5;max-width:40em;margin:1em auto;'
        f'padding:0 1em">\n{body}</body>\n</html>\n'
    )
