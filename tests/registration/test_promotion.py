"""Promotion mails: to whom it is allowed at the moment of sending, and to nobody else."""

from pathlib import Path

import asyncpg
import pytest

from contracts.messages import ConsentWithdrawn
from contracts.vocabulary import Method
from services.registration.declaration import FOLDER
from services.registration.issue import BadPromotion, Issue, PromotionChanged, State, read_issue
from services.registration.promoting import Progress, begin, progress, queue_all, send
from services.registration.settings import PROMOTION, USE
from shared.disclosure import object_to
from shared.mail.markdown import LoadsFromElsewhere
from shared.web import Language
from tests.registration.site import Site, path_of, posting_form
from tests.rewording import reworded

ACCOUNT = "/en/registration/account"
DOCUMENT = "/en/documents/archive-in-a-day"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def issue(folder: Path, name: str, body: str = "Read about **birch and heron**.") -> Issue:
    """Write a promotion's folder and read it."""
    made = folder / name
    made.mkdir(exist_ok=True)
    for lang in ("de", "en"):
        (made / f"{lang}.md").write_text(f"---\nsubject: News {name} {lang}\n---\n{body}\n")
    return read_issue(made)


async def delivered(site: Site, promotion: Issue) -> Progress:
    """Wait until the mailer has dealt with every delivery."""
    return await send(site.app, promotion, lambda _: None)


@pytest.mark.rule("R-ACC-04", "R-ACC-06")
async def test_it_goes_to_those_who_agreed_in_their_language_and_once(
    site: Site, tmp_path: Path
) -> None:
    ada, bert, carl = site.address(), site.address(), site.address()
    await site.account(ada, promotion=True)
    await site.account(bert, "de", promotion=True)
    await site.account(carl)
    await site.sign_up(site.address(), promotion=True)
    promotion = issue(tmp_path, "spring")

    await delivered(site, promotion)
    await queue_all(site.app, await begin(site.app, promotion))
    await site.idle()

    assert len(await site.mails(ada, "News spring en")) == 1
    (mail,) = await site.mails(bert, "News spring de")
    headers = dict(mail.headers)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/registration/stop/" in headers["List-Unsubscribe"]
    assert not [one for one in site.mailbox(carl) if "News" in one.subject]


@pytest.mark.rule("R-ACC-06", "R-7-01")
async def test_a_consent_taken_back_after_queueing_stops_the_mail(
    site: Site, tmp_path: Path
) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True)
    browser = await site.signed_in(ada)
    await site.idle()
    site.gate.opened.clear()
    promotion = issue(tmp_path, "summer")
    await queue_all(site.app, await begin(site.app, promotion))

    await site.press(ACCOUNT, client=browser, action="/promotion/end")
    site.gate.opened.set()
    await site.idle()

    assert not [mail for mail in site.mailbox(ada) if "News" in mail.subject]
    sql = "select state from delivery where subject_id = $1"
    assert await site.value(sql, subject_id) == State.SKIPPED


@pytest.mark.rule("R-ACC-06", "R-18-01")
async def test_a_restriction_after_queueing_stops_the_mail(site: Site, tmp_path: Path) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True)
    await site.idle()
    site.gate.opened.clear()
    promotion = issue(tmp_path, "autumn")
    await queue_all(site.app, await begin(site.app, promotion))

    await site.restrict(subject_id)
    site.gate.opened.set()
    await site.idle()

    assert not [mail for mail in site.mailbox(ada) if "News autumn" in mail.subject]


@pytest.mark.rule("R-ACC-06")
async def test_an_objection_before_or_after_queueing_stops_the_mail(
    site: Site, tmp_path: Path
) -> None:
    ada, ben = site.address(), site.address()
    late, early = [await site.account(one, promotion=True) for one in (ada, ben)]
    await site.idle()
    site.gate.opened.clear()
    async with site.app.begin() as tx:
        await object_to(tx, early, PROMOTION)
    await queue_all(site.app, await begin(site.app, issue(tmp_path, "objected")))
    async with site.app.begin() as tx:
        await object_to(tx, late, PROMOTION)
    site.gate.opened.set()
    await site.idle()

    sql = "select state from delivery where subject_id = $1"
    assert await site.value(sql, late) == State.SKIPPED
    assert await site.value(sql, early) is None
    assert not [m for one in (ada, ben) for m in site.mailbox(one) if "objected" in m.subject]


@pytest.mark.rule("R-ACC-07", "R-ACC-06")
async def test_one_click_in_the_mail_ends_it_and_leaves_the_account(
    site: Site, tmp_path: Path
) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True)
    await delivered(site, issue(tmp_path, "winter"))
    (mail,) = await site.mails(ada, "News winter")
    link = path_of(dict(mail.headers)["List-Unsubscribe"].strip("<>"))
    looked = await site.client.get(link)
    before = len(await site.told())
    still = await site.value("select count(*) from consent where subject_id = $1", subject_id)

    answers = [
        await site.client.post(link, content="List-Unsubscribe=One-Click", headers=FORM)
        for _ in range(2)
    ]

    assert (looked.status_code, still) == (200, 2)
    assert [(answer.status_code, answer.is_redirect) for answer in answers] == [(200, False)] * 2
    ended = [one for one in (await site.told())[before:] if isinstance(one, ConsentWithdrawn)]
    assert [(one.purpose, one.method) for one in ended] == [(PROMOTION, Method.ONE_CLICK)]
    purposes = "select array_agg(purpose) from consent where subject_id = $1"
    assert await site.value(purposes, subject_id) == [USE]
    assert await site.subject(ada) == subject_id


@pytest.mark.rule("R-POL-01", "R-ACC-06")
async def test_a_consent_to_a_version_that_no_longer_counts_gets_nothing(
    site: Site, tmp_path: Path
) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True)
    owner = await asyncpg.connect(site.settings.database_url("registration", "owner"))
    await owner.execute(
        "update consent set wording_version = '99' where subject_id = $1 and purpose = $2",
        subject_id,
        PROMOTION,
    )
    await owner.close()

    await delivered(site, issue(tmp_path, "fifth"))

    assert not [mail for mail in site.mailbox(ada) if "News" in mail.subject]


async def test_its_words_are_fixed_and_load_nothing(site: Site, tmp_path: Path) -> None:
    begun = issue(tmp_path, "sixth")
    await begin(site.app, begun)

    with pytest.raises(PromotionChanged):
        await begin(site.app, issue(tmp_path, "sixth", "Other words."))
    with pytest.raises(LoadsFromElsewhere):
        issue(tmp_path, "seventh", "![pixel](https://tracker.example/p.gif)")
    with pytest.raises(BadPromotion):
        read_issue(tmp_path)
    assert (await progress(site.app, begun)).name == "sixth"


@pytest.mark.rule("R-POL-01", "R-ACC-02", "R-ACC-04")
async def test_a_declaration_whose_words_changed_is_renewed_on_the_account_page_by_itself(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True)
    browser = await site.signed_in(ada)
    changed = reworded(FOLDER, tmp_path, "account", "promotion")
    monkeypatch.setitem(site.web.state.web.pages.wordings, "registration", changed)
    versions = (
        "select array_agg(wording_version order by purpose) from consent where subject_id = $1"
    )
    shown = "select count(*) from presented where subject_id = $1"

    page, closed = await browser.get(ACCOUNT), await browser.get(DOCUMENT)
    renew = posting_form(page, "/renew")
    agreed = [await site.value(shown, subject_id)]
    await site.post(page, renew, {"use": renew.unticked["use"]}, browser)
    opened, one = await browser.get(DOCUMENT), await site.value(versions, subject_id)
    page = await browser.get(ACCOUNT)
    renew = posting_form(page, "/renew")
    left = set(renew.unticked)
    await site.post(page, renew, renew.unticked, browser)
    agreed.append(await site.value(shown, subject_id))

    assert "New words of promotion, en." in page.text
    assert (closed.status_code, opened.status_code) == (403, 200)
    assert "has changed" in closed.text
    assert (one, left) == (["1", "2"], {"promotion"})
    assert await site.value(versions, subject_id) == ["2", "2"]
    assert "renewal-title" not in (await browser.get(ACCOUNT)).text
    assert agreed == [2, 4]
    assert await site.subject(ada) == subject_id


@pytest.mark.rule("R-POL-01", "R-ACC-04")
async def test_nobody_renews_what_they_never_agreed_to(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    changed = reworded(FOLDER, tmp_path, "account", "promotion")
    monkeypatch.setitem(site.web.state.web.pages.wordings, "registration", changed)
    page = await browser.get(ACCOUNT)
    renew = posting_form(page, "/renew")
    words = changed.current("promotion", Language.EN).sha256

    answer = await site.post(page, renew, {"promotion": words}, browser)

    purposes = "select array_agg(purpose) from consent where subject_id = $1"
    assert answer.status_code == 303
    assert set(renew.unticked) == {"use"}
    assert await site.value(purposes, subject_id) == [USE]
