"""What a subscriber can see and change."""

import json
from email import message_from_bytes
from pathlib import Path

import pytest

from contracts.messages import ConsentGranted, ConsentWithdrawn
from contracts.vocabulary import Method
from demo.person import forms_of
from services.newsletter.issues import read_issue, send
from services.newsletter.mails import FOLDER
from tests.newsletter.site import Newsletter, path_of, posting_form
from tests.rewording import reworded


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


@pytest.mark.rule("R-POL-01")
async def test_whose_words_changed_sees_it_and_gets_issues_again_once_it_is_renewed(
    newsletter: Newsletter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = newsletter.address()
    subject = await newsletter.subscribed(ada)
    link = await newsletter.link(ada, "/preferences/")
    before = await newsletter.client.get(link)
    old = await newsletter.row("select * from consent where subject_id = $1", subject)
    changed = reworded(FOLDER, tmp_path, "newsletter")
    monkeypatch.setitem(newsletter.web.state.web.pages.wordings, "newsletter", changed)
    monkeypatch.setitem(vars(newsletter.mails_of), "wordings", changed)

    page = await newsletter.client.get(link)
    proof = await newsletter.client.get(f"/en/newsletter/consent/{old['consent_id']}")
    (renew,) = [one for one in forms_of(page.text) if one.action.endswith("/renew")]
    await newsletter.post(page, renew)  # without the tick nothing is agreed to
    await _send(newsletter, tmp_path, "first")
    answer = await newsletter.post(page, renew, renew.unticked)
    again = await newsletter.post(page, renew, renew.unticked)
    await _send(newsletter, tmp_path, "second")

    assert "renewal-title" not in before.text
    assert "New words of newsletter, en." in page.text
    assert "no longer counts" in proof.text
    assert (answer.status_code, again.status_code) == (303, 303)
    assert [mail.subject for mail in newsletter.mailbox(ada)][-1:] == ["Issue second"]
    assert not [mail for mail in newsletter.mailbox(ada) if mail.subject == "Issue first"]
    new = await newsletter.row("select * from consent where subject_id = $1", subject)
    assert (new["wording_version"], new["form"]) == ("2", "renew")
    told = [one for one in await newsletter.told() if getattr(one, "consent_id", None)]
    assert [
        (one.consent_id, one.method)
        for one in told
        if isinstance(one, ConsentWithdrawn | ConsentGranted)
        and one.consent_id in {old["consent_id"], new["consent_id"]}
    ][-2:] == [
        (old["consent_id"], Method.REPLACED),
        (new["consent_id"], Method.PREFERENCES),
    ]
    assert "renewal-title" not in (await newsletter.client.get(answer.headers["location"])).text


async def _send(newsletter: Newsletter, parent: Path, name: str) -> None:
    folder = parent / name
    folder.mkdir()
    for lang in ("de", "en"):
        (folder / f"{lang}.md").write_text(f"---\nsubject: Issue {name}\n---\nNews.\n")
    await send(newsletter.app, read_issue(folder), lambda _now: None)
