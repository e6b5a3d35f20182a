"""A person asks for erasure on the real pages, up to the certificate in their mailbox."""

from email import message_from_bytes, policy
from io import BytesIO

import asyncpg
import pytest
from pypdf import PdfReader

from contracts.bundle import Bundle
from contracts.verify_bundle import verify
from shared.search.places import in_database
from shared.visitor.received import Mail
from tests.rights.centre import Centre


def attached(mail: Mail) -> bytes:
    (part,) = message_from_bytes(mail.raw, policy=policy.default).iter_attachments()
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@pytest.mark.rule("R-17-01")
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Confirm your request", "has begun", "Your certificate", "Done.")),
        ("de", ("Bestätigen Sie", "läuft", "Ihre Bescheinigung", "Erledigt.")),
    ],
    ids=["en", "de"],
)
async def test_a_person_asks_confirms_and_holds_a_certificate(
    desk: Centre, lang: str, words: tuple[str, str, str, str]
) -> None:
    address, (confirm, started, done, closed) = desk.address(), words

    sent = await desk.ask(address, lang)
    assert address not in sent.text
    answer = await desk.press(await desk.link(address, "/confirm/", confirm))
    assert answer.status_code == 303
    status = answer.headers["location"]
    page = await desk.client.get(status)
    statement = attached(await desk.mail(address, started))
    handed_over = await desk.mail(address, done)
    bundle = attached(handed_over)
    await desk.await_value("select exists (select from request where destroyed_at > cutoff)")
    over = await desk.await_value("select not exists (select from alias)")
    last = await desk.client.get(status)
    download = await desk.client.get(f"{status}/certificate")
    paper = await desk.client.get(f"{status}/certificate.pdf")

    assert page.status_code == 200
    assert address not in page.text
    assert b"signature" in statement
    trust = desk.settings.trust.read_bytes()
    report = verify(bundle, trust=trust)
    assert (report["valid"], report["person"]) == (True, True), report["problem"]
    public = verify(download.content, trust=trust)
    assert (public["valid"], public["person"]) == (True, False)
    assert Bundle.from_json(download.content).nonce is None
    assert paper.headers["content-type"] == "application/pdf"
    assert str(PdfReader(BytesIO(paper.content)).root_object["/Lang"]).startswith(lang)
    for path in (f"/{lang}/erasure/verify/file", "/verify/verify_bundle.py"):
        assert path in handed_over.text
    assert over
    assert closed in last.text
    superuser = await asyncpg.connect(
        desk.settings.admin_url().rpartition("/")[0] + "/" + desk.settings.database("rights")
    )
    found = await in_database(superuser, [address])
    await superuser.close()
    assert found == []


async def test_nothing_happens_before_the_click_and_a_get_confirms_nothing(desk: Centre) -> None:
    address = desk.address()

    await desk.ask(address)
    link = await desk.link(address, "/confirm/", "Confirm your request")
    before = await desk.value("select count(*) from request")
    first, second = await desk.client.get(link), await desk.client.get(link)
    after = await desk.value("select count(*) from request")

    assert (first.status_code, second.status_code) == (200, 200)
    assert before == after


async def test_a_link_confirms_once(desk: Centre) -> None:
    address = desk.address()

    await desk.ask(address)
    link = await desk.link(address, "/confirm/", "Confirm your request")
    page = await desk.client.get(link)
    first, second = await desk.post(page), await desk.post(page)

    assert (first.status_code, second.status_code) == (303, 404)


@pytest.mark.rule("R-DL-01")
async def test_an_unconfirmed_request_deletes_itself(desk: Centre) -> None:
    address = desk.address()
    alive = "select exists (select from unconfirmed where address = $1)"

    await desk.ask(address)
    await desk.mail(address, "Confirm your request")
    before = await desk.value(alive, address)
    await desk.owner.execute(
        """
        update deadline set due_at = now()
         where kind = 'unconfirmed'
           and subject_id = (select subject_id from unconfirmed where address = $1)
        """,
        address,
    )
    await desk.await_value(f"select not ({alive})", address)

    assert before


async def test_a_status_link_that_is_none_of_ours_opens_nothing(desk: Centre) -> None:
    answers = [await desk.client.get(f"/en/rights/requests/{secret}") for secret in ("x", "A" * 43)]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.rule("R-77-01")
@pytest.mark.parametrize(
    ("lang", "confirm", "answers"),
    [
        ("en", "Confirm your request", ("has begun", "Your certificate")),
        ("de", "Bestätigen Sie", ("läuft", "Ihre Bescheinigung")),
    ],
    ids=["en", "de"],
)
async def test_every_answer_says_where_to_complain(
    desk: Centre, lang: str, confirm: str, answers: tuple[str, str]
) -> None:
    address = desk.address()

    await desk.ask(address, lang)
    pressed = await desk.press(await desk.link(address, "/confirm/", confirm))
    page = (await desk.client.get(pressed.headers["location"])).text
    said = [page, *[(await desk.mail(address, subject)).text for subject in answers]]

    for one in said:
        assert "Nordrhein-Westfalen" in one
        assert "https://www.ldi.nrw.de" in one
        assert f"https://www.edpb.europa.eu/about-edpb/about-edpb/members_{lang}" in one
