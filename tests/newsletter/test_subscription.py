"""What a subscriber can see and change."""

import json
from email import message_from_bytes

import pytest

from tests.newsletter.site import Newsletter, path_of, posting_form


async def test_names_and_language_are_replaced(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    subject_id = await newsletter.subscribed(ada, first_name="Ada", last_name="Byron")
    link = await newsletter.link(ada, "/preferences/")
    page = await newsletter.client.get(link)
    form = posting_form(page)

    answer = await newsletter.post(page, form, {"last_name": "Lovelace", "language": "de"})
    saved = await newsletter.client.get(answer.headers["location"])

    assert (form.values["first_name"], form.values["last_name"]) == ("Ada", "Byron")
    assert (answer.status_code, saved.status_code, "Gespeichert" in saved.text) == (303, 200, True)
    row = await newsletter.row("select * from subscriber where subject_id = $1", subject_id)
    assert (row["first_name"], row["last_name"], row["language"]) == ("Ada", "Lovelace", "de")


async def test_names_may_be_taken_away(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    subject_id = await newsletter.subscribed(ada, first_name="Ada")
    link = await newsletter.link(ada, "/preferences/")

    answer = await newsletter.press(link, {"first_name": "", "language": "en"})

    assert answer.status_code == 303
    row = await newsletter.row(
        "select first_name from subscriber where subject_id = $1", subject_id
    )
    assert row["first_name"] is None


@pytest.mark.rule("R-NL-09")
async def test_the_proof_of_consent_is_with_the_person_and_names_nobody(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    subject_id = await newsletter.subscribed(ada, first_name="Ada")
    (mail,) = await newsletter.mails(ada, "/consent/")
    consent_id = (
        await newsletter.row("select consent_id from consent where subject_id = $1", subject_id)
    )[0]
    shown = await newsletter.client.get(
        path_of(next(link for link in mail.links if "/consent/" in link))
    )
    (attached,) = [part for part in message_from_bytes(mail.raw).walk() if part.get_filename()]
    receipt = json.loads(str(bytes(attached.get_payload(decode=True)), "utf-8"))

    await newsletter.press(await newsletter.link(ada, "/unsubscribe/", count=2))
    await newsletter.clock()
    later = await newsletter.client.get(f"/en/newsletter/consent/{consent_id}")

    assert receipt["record_id"] == str(consent_id)
    assert ada not in json.dumps(receipt)
    assert "Ada" not in json.dumps(receipt)
    assert str(consent_id) in shown.text
    assert ada not in shown.text
    assert later.status_code == 404
    assert await newsletter.everything(subject_id) == {}


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{7*7}}", "[x](https://evil.example)", "Ö'Neil-ß"]
)
async def test_a_name_is_words_in_the_welcome_mail_and_nothing_else(
    newsletter: Newsletter, name: str
) -> None:
    ada = newsletter.address()

    await newsletter.subscribed(ada, first_name=name)
    (mail,) = await newsletter.mails(ada, "/preferences/")

    assert f"Hello {name}," in mail.text
    assert "<script>" not in mail.html
    assert not [link for link in mail.links if link.startswith("https://evil.example")] or (
        '<a href="https://evil.example' not in mail.html
    )
