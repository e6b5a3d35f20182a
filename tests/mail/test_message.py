"""What a mail is: the same words twice, nothing to load, signed by the sending domain."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail import Delivery, Sender, mail_environment, mailbox, make_dkim_key, masked
from shared.mail.markdown import LoadsFromElsewhere, escaped, to_html, to_text
from shared.mail.message import as_bytes, compose, render
from shared.mail.signature import dns_record, signed

LINK = "https://news.example.org/en/newsletter/unsubscribe/" + "A" * 120
SENDER = Sender("Example Company", "news@example.org", {"en": "Example Street 1"})
TAG = re.compile(r"<[^>]+>")


def _mail(markdown: str = "Hello\n", unsubscribe: str | None = LINK) -> bytes:
    message = compose(
        sender=SENDER,
        delivery=Delivery("ada@example.org", unsubscribe=unsubscribe),
        message_id="018f",
        subject="Grüße",
        markdown=markdown,
        language="en",
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    return as_bytes(message)


def _parsed(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@given(st.text(max_size=60))
def test_a_value_is_words_and_never_markup(value: str) -> None:
    shown = " ".join(value.split())

    html = to_html(f"Hello {escaped(value)}!")

    assert TAG.sub("", html).count("<") == 0
    assert set(TAG.findall(html)) <= {"<p>", "</p>", "<h1>", "</h1>"}
    if shown.isprintable():
        said = to_text(f"Hello {escaped(value)}!")
        assert "".join(said.split()) == "".join(f"Hello {shown}!".split())


@pytest.mark.rule("R-NL-02")
@given(st.sampled_from(["![a](https://x.example/p.gif)", "<img src=x>", "<b>", "<!-- x -->"]))
def test_nothing_that_loads_can_be_made(part: str) -> None:
    with pytest.raises(LoadsFromElsewhere):
        to_html(f"Hello {part}")


def test_text_and_html_say_the_same_and_name_the_sender(tmp_path: Path) -> None:
    (tmp_path / "note.en.md").write_text(
        "Subject: For {{ name }}\nHi {{ name }}\n\n[Open]({{ l }})\n"
    )
    subject, markdown = render(
        mail_environment(str(tmp_path)), "note.en.md", {"name": "A_d*a", "l": LINK}
    )

    mail = _parsed(_mail(markdown))

    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert subject == "For A_d*a"
    assert f"Hi A_d*a\n\nOpen:\n{LINK}" in text.get_content().replace("\r\n", "\n")
    assert f'<a href="{LINK}">Open</a>' in html.get_content()
    assert "Example Street 1" in text.get_content()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "Grüße"


@pytest.mark.rule("R-NL-06")
def test_the_way_out_stands_whole_in_its_header() -> None:
    raw = _mail()

    assert f"List-Unsubscribe: <{LINK}>\r\n".encode() in raw.replace(b": \r\n <", b": <")
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"List-Unsubscribe" not in _mail(unsubscribe=None)


@pytest.mark.rule("R-NL-06")
def test_the_signature_holds_and_covers_the_way_out(tmp_path: Path) -> None:
    make_dkim_key(tmp_path / "dkim.pem")
    pem = (tmp_path / "dkim.pem").read_bytes()

    raw = signed(_mail(), pem, SENDER.domain)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        return dns_record(pem).encode() if name == b"expunge._domainkey.example.org." else b""

    assert dkim.verify(raw, dnsfunc=dns)
    for broken in (raw.replace(b"One-Click", b"Two-Click"), raw.replace(b"A" * 120, b"B" * 120)):
        assert not dkim.verify(broken, dnsfunc=dns)


def test_a_key_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "dkim.pem"
    make_dkim_key(path)
    before = path.read_bytes()

    make_dkim_key(path)

    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_limits_see_one_mailbox_where_mails_see_two_addresses() -> None:
    assert mailbox("Ann+ser@example.org") == mailbox("ann@example.org")
    assert masked("ann@example.org") == "a…@example.org"
