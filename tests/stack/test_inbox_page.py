"""The development inbox for people and for programs."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from shared.stack.inbox import Inbox
from shared.stack.inbox_page import inbox_router
from shared.stack.smtp_server import store

SCRIPT = "<script>alert(1)</script>"


def _keep(folder: Path, number: int, subject: str, to: str = "ada@example.org") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "us@example.org", to, subject
    mail.set_content(f"{SCRIPT} See https://localhost/en/newsletter/confirmations/t.")
    mail.add_attachment(b"<b>", maintype="text", subtype="html", filename="proof.html")
    store(folder, [to], mail.as_bytes(), number)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    app.include_router(inbox_router(Inbox(tmp_path), "/assets/expunge.css"))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://inbox") as client:
        yield client


async def test_an_empty_inbox_says_what_to_expect(client: httpx2.AsyncClient) -> None:
    page, mails = await client.get("/dev/inbox"), await client.get("/dev/inbox.json")

    assert "No mail yet" in page.text
    assert mails.json() == []


async def test_the_page_begins_with_the_newest_and_escapes_everything(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    _keep(tmp_path, 1, "First")
    _keep(tmp_path, 2, SCRIPT)

    page = (await client.get("/dev/inbox")).text

    assert 0 < page.index("&lt;script&gt;alert(1)&lt;/script&gt;</h2>") < page.index("First</h2>")
    assert "<script" not in page
    assert '<a href="https://localhost/en/newsletter/confirmations/t"' in page


async def test_programs_get_every_field(client: httpx2.AsyncClient, tmp_path: Path) -> None:
    _keep(tmp_path, 1, "To Ada")
    _keep(tmp_path, 2, "To Grace", "grace@example.org")

    everybody = (await client.get("/dev/inbox.json")).json()
    (mail,) = (await client.get("/dev/inbox.json", params={"to": "ada@example.org"})).json()

    assert [one["subject"] for one in everybody] == ["To Grace", "To Ada"]
    assert sorted(mail) == [
        *("attachments", "from", "headers", "html", "id", "links", "message_id"),
        *("received_at", "subject", "text", "to"),
    ]
    assert mail["links"] == ["https://localhost/en/newsletter/confirmations/t"]


async def test_an_attachment_is_downloaded_never_shown(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    _keep(tmp_path, 1, "With a page inside")
    (mail,) = Inbox(tmp_path).messages()

    found, missing, strange = [
        await client.get(f"/dev/inbox/{name}")
        for name in (f"{mail.id}/0", f"{mail.id}/1", "..%2f..%2fetc/0")
    ]

    assert (found.content, found.headers["content-type"]) == (b"<b>", "application/octet-stream")
    assert found.headers["content-disposition"] == "attachment"
    assert (missing.status_code, strange.status_code) == (404, 404)
