"""The canary reads a mailbox at a real IMAP server, and leaves nothing of its own there."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.canary.mailbox import UNKNOWN, ImapMailbox, NoMailbox, cleared, opens
from services.canary.settings import PASSWORD_SECRET, Place
from services.canary.walk import Words
from services.doctor import Finding, examine
from shared.mail.message import Attachment, Delivery, Sender, as_bytes, compose
from shared.mail.transport import Answer, Transport
from shared.settings import Settings, SettingsError
from shared.stack.ports import LOOPBACK, free_ports
from tests.canary.mailserver import PASSWORD, Mailserver, mailserver

READS_AT = "canary+*@Example.org"
LINK = "https://example.org/en/newsletter/confirm/abc?x=1"


@pytest_asyncio.fixture(loop_scope="session", params=[False, True], ids=["tls", "starttls"])
async def server(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Mailserver]:
    """Start a mail server whose certificate is trusted."""
    async with mailserver(tmp_path, starttls=request.param) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.certificate))
        monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", running.url)
        monkeypatch.setenv("EXPUNGE_CANARY_ADDRESS", READS_AT)
        (tmp_path / PASSWORD_SECRET).write_text(f"{PASSWORD}\n")
        yield running


def configured(home: Path) -> Place:
    """Read the environment as the command does."""
    place = Place.configured(Settings(secrets=home))
    assert place is not None
    return place


async def send(server: Mailserver, to: str, attached: bytes = b"") -> None:
    """Send a mail as our mailer does."""
    attachments = (Attachment("certificate-1.expunge.json", "application/json", attached),)
    message = compose(
        sender=Sender("Example", "privacy@example.org"),
        delivery=Delivery(to, attachments=attachments if attached else ()),
        message_id="1",
        subject="Please confirm",
        markdown=f"[Confirm]({LINK})\n",
        language="en",
        sent_at=datetime.now(UTC),
    )
    transport = Transport(LOOPBACK, server.smtp, tls=False, login=None)
    assert await transport.send("privacy@example.org", to, as_bytes(message)) is Answer.ACCEPTED
    await transport.rest()


async def test_what_our_mailer_sends_is_read_there_word_by_word(
    server: Mailserver, tmp_path: Path
) -> None:
    address = Words("one", configured(tmp_path).address).address
    mailbox = ImapMailbox(configured(tmp_path))

    assert await mailbox.mails(address) == []
    await send(server, "somebody.else@example.org")
    await send(server, address)
    await send(server, address, b"{}\r\n" * 9_999)
    # Which of two this server counts first is left to its disk.
    first, second = sorted(await mailbox.mails(address), key=lambda mail: len(mail["attachments"]))
    content = await mailbox.attachment(second["id"], 0)
    await mailbox.close()

    assert (first["to"], first["links"], first["attachments"]) == ([address], [LINK], [])
    assert second["attachments"][0]["filename"] == "certificate-1.expunge.json"
    assert content == b"{}\r\n" * 9_999


@pytest.mark.rule("R-SEC-01")
async def test_a_canary_takes_its_own_mails_away_and_no_others(
    server: Mailserver, tmp_path: Path
) -> None:
    place = configured(tmp_path)
    own, left, new = (Words(seed, place.address).address for seed in ("one", "two", "three"))
    kept = ["canary+quarterly@example.org", "clerk@example.org", new]
    server.lay(left, age=timedelta(days=3))
    for address in kept:
        server.lay(address, age=timedelta() if address == new else timedelta(days=3))

    async def breaks_off() -> None:
        async with cleared(place, own) as mailbox:
            await send(server, own)
            assert len(await mailbox.mails(own)) == 1
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await breaks_off()

    assert sorted(mail["To"] for mail in server.mails()) == sorted(kept)
    async with cleared(place, own):
        await send(server, own)
    assert sorted(mail["To"] for mail in server.mails()) == sorted(kept)


async def test_a_broken_line_is_opened_again(server: Mailserver, tmp_path: Path) -> None:
    place = configured(tmp_path)
    own = Words("one", place.address).address
    async with cleared(place, own) as mailbox:
        await send(server, own)
        assert mailbox._open is not None
        mailbox._open.shutdown()

        assert len(await mailbox.mails(own)) == 1

    assert server.mails() == []


@pytest.mark.rule("R-SEC-01")
async def test_what_is_wrong_is_said_with_what_to_do(
    server: Mailserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere,) = free_ports(1)
    await opens(configured(tmp_path))

    async def refusal() -> str:
        with pytest.raises(NoMailbox) as refused:
            await opens(configured(tmp_path))
        assert PASSWORD not in str(refused.value)
        return str(refused.value)

    monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", server.url.replace("INBOX", "Attic"))
    assert (await refusal()).startswith("The folder of EXPUNGE_CANARY_MAILBOX cannot be opened")
    monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", server.url.replace("canary", "gull"))
    assert "refuses the login: look at the user in the URL" in await refusal()
    at_nobody = server.url.replace(str(server.imap), str(nowhere))
    monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", at_nobody)
    assert (await refusal()).startswith("Nobody speaks IMAP with TLS at EXPUNGE_CANARY_MAILBOX")
    monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", server.url)
    (tmp_path / PASSWORD_SECRET).write_text("gulls\n")
    assert "refuses the login" in await refusal()
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "does not prove its name by TLS" in await refusal()


@pytest.mark.rule("R-SEC-01")
async def test_no_password_goes_over_a_line_without_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev2 LOGINDISABLED] ready\r\n")
        while line := await reader.readline():
            heard.append(line)
            tag = line.split()[0]
            writer.write(b"* CAPABILITY IMAP4rev1 IMAP4rev2\r\n" + tag + b" OK done\r\n")
        writer.close()

    plain = await asyncio.start_server(listen, LOOPBACK, 0)
    port = plain.sockets[0].getsockname()[1]
    monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", f"imap://canary@{LOOPBACK}:{port}")
    monkeypatch.setenv("EXPUNGE_CANARY_ADDRESS", READS_AT)
    (tmp_path / PASSWORD_SECRET).write_text(PASSWORD)

    with pytest.raises(NoMailbox, match="Nobody speaks IMAP with TLS"):
        await opens(configured(tmp_path))

    plain.close()
    assert heard
    assert not [line for line in heard if b"LOGIN" in line]


@pytest.mark.parametrize(
    ("mailbox", "address", "named"),
    [
        ("imap.example.org", READS_AT, "EXPUNGE_CANARY_MAILBOX: write imaps://"),
        ("pop3s://canary@example.org", READS_AT, "EXPUNGE_CANARY_MAILBOX: write imaps://"),
        ("imaps://example.org", READS_AT, "EXPUNGE_CANARY_MAILBOX: write imaps://"),
        ("imaps://canary@example.org:x", READS_AT, "EXPUNGE_CANARY_MAILBOX: write imaps://"),
        ("imaps://canary:secret@example.org", READS_AT, "the password belongs into imap-password"),
        ("imaps://canary@example.org/a%0D%0Ab", READS_AT, "EXPUNGE_CANARY_MAILBOX: write imaps"),
        ("imaps://canary@example.org", "", "EXPUNGE_CANARY_ADDRESS: write an address"),
        ("imaps://canary@example.org", "canary@example.org", "EXPUNGE_CANARY_ADDRESS"),
        ("imaps://canary@example.org", "*@*.example.org", "EXPUNGE_CANARY_ADDRESS"),
    ],
)
def test_a_wrong_setting_is_named_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mailbox: str, address: str, named: str
) -> None:
    monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", mailbox)
    monkeypatch.setenv("EXPUNGE_CANARY_ADDRESS", address)
    (tmp_path / PASSWORD_SECRET).write_text(PASSWORD)

    with pytest.raises(SettingsError) as refused:
        configured(tmp_path)

    assert named in str(refused.value)
    assert "secret@" not in str(refused.value)


def test_a_mailbox_without_its_password_says_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPUNGE_CANARY_MAILBOX", "imaps://canary@example.org")
    monkeypatch.setenv("EXPUNGE_CANARY_ADDRESS", READS_AT)

    with pytest.raises(SettingsError, match="Write the mailbox's password"):
        configured(tmp_path)


@pytest.mark.usefixtures("server")
async def test_the_doctor_tries_the_mailbox_and_says_what_to_mend(tmp_path: Path) -> None:
    async def found() -> list[Finding]:
        settings = Settings(state=tmp_path, secrets=tmp_path)
        whole = await asyncio.to_thread(examine, settings)
        return [one for one in whole if one.what == "Canary's mailbox"]

    (fine,) = await found()
    (tmp_path / PASSWORD_SECRET).write_text("gulls\n")
    (refused,) = await found()
    (tmp_path / PASSWORD_SECRET).unlink()
    (lacking,) = await found()

    assert [one.fine for one in (fine, refused, lacking)] == [True, False, False]
    assert refused.mend == UNKNOWN
    assert lacking.mend.startswith("Write the mailbox's password")
