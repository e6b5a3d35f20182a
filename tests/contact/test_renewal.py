"""A consent whose words changed: nothing is written to the case until its person agrees anew."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2
import pytest

from contracts.messages import ConsentGranted, ConsentWithdrawn
from contracts.vocabulary import Method
from services.contact.rules import State
from services.contact.settings import FOLDER, PURPOSE
from shared.web.language import Language
from shared.web.wordings import Wordings
from tests.contact.site import Site, form_of
from tests.contact.test_commands import command
from tests.contact.test_handling import state_of
from tests.rewording import reworded

pytestmark = pytest.mark.asyncio(loop_scope="session")
Change = Callable[[], Wordings]


@pytest.fixture
def change(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Publish a material change of the words, as an operator does: for pages and mails."""

    def publish() -> Wordings:
        changed = reworded(FOLDER, tmp_path, "contact")
        monkeypatch.setitem(site.web.state.web.pages.wordings, "contact", changed)
        monkeypatch.setitem(vars(site.mails_of), "wordings", changed)
        return changed

    return publish


async def _version(site: Site, case: UUID) -> str:
    row = await site.row("select wording_version from consent where subject_id = $1", case)
    return str(row[0])


async def _link(site: Site, address: str) -> str:
    return (await site.link(address)).removesuffix("/end")


async def _renew(site: Site, link: str) -> httpx2.Response:
    page = await site.client.get(link)
    form = form_of(page)
    assert form.action.endswith("/renew")
    return await site.post(page, form.unticked)


@pytest.mark.rule("R-POL-01")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_whose_words_changed_agrees_anew_on_the_page_of_the_case(
    site: Site, change: Change, lang: str
) -> None:
    ada = site.address()
    case = await site.written(ada, "Zz-secret-question", lang=lang)
    link = await _link(site, ada)
    before = await site.client.get(link)
    words = change().current("contact", Language(lang)).text
    told = len(await site.told(ConsentWithdrawn)), len(await site.told(ConsentGranted))

    page = await site.client.get(link)
    assert "renewal-title" in page.text
    form = form_of(page)
    nothing = await site.post(page, {})  # without the tick nothing is agreed to
    left = await _version(site, case)
    done = await _renew(site, link)
    after = await site.client.get(done.headers["location"])

    assert "renewal-title" not in before.text
    assert words in page.text
    old = (FOLDER / "wordings" / f"contact.v1.{lang}.txt").read_text().strip()
    assert old[:20] in page.text
    assert "Zz-secret-question" not in page.text
    assert (set(form.unticked), form.action) == ({"consent"}, f"{link}/renew")
    assert (nothing.status_code, nothing.headers["location"], left) == (303, link, "1")
    assert (done.status_code, done.headers["location"]) == (303, f"{link}/renewed")
    assert await _version(site, case) == "2"
    assert 'role="status"' in after.text
    assert form_of(after).action == link
    [ended] = (await site.told(ConsentWithdrawn))[told[0] :]
    [given] = (await site.told(ConsentGranted))[told[1] :]
    assert (ended.purpose, ended.method) == (PURPOSE, Method.REPLACED)
    assert (given.method, given.form) == (Method.PREFERENCES, "renew")


@pytest.mark.rule("R-POL-01")
async def test_a_program_agrees_anew_as_a_person_does(site: Site, change: Change) -> None:
    ada = site.address()
    case = await site.written(ada)
    link = await _link(site, ada)
    change()
    form = form_of(await site.client.get(link))

    wrong = await site.client.post(f"{link}/renew", json={**form.values, "consent": "0" * 64})
    answer = await site.client.post(f"{link}/renew", json={**form.values, **form.unticked})
    nobody = await site.client.post(f"/en/contact/case/{'x' * 43}/renew", json=form.values)

    assert (wrong.status_code, nobody.status_code) == (409, 404)
    assert (answer.status_code, answer.json()) == (202, {"next": f"{link}/renewed"})
    assert await _version(site, case) == "2"


@pytest.mark.rule("R-POL-01")
async def test_nothing_is_written_to_a_case_on_older_words(site: Site, change: Change) -> None:
    ada = site.address()
    case = await site.written(ada)
    link = await _link(site, ada)
    form = form_of(await site.client.get(link))
    change()

    answer = await site.client.post(link, json={**form.values, "message": "And then?"})
    letters = await site.count("select count(*) from letter where subject_id = $1", case)
    await _renew(site, link)
    again = await site.press(link, {"message": "And then?"})

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/must-agree-anew"
    assert letters == 1
    assert again.status_code == 303


@pytest.mark.rule("R-POL-01")
@pytest.mark.parametrize(("lang", "words"), [("de", "hat sich geändert"), ("en", "has changed")])
async def test_the_desk_says_that_the_person_must_agree_anew(
    site: Site, change: Change, lang: str, words: str
) -> None:
    ada = site.address()
    case = await site.written(ada)
    link = await _link(site, ada)
    path = f"/{lang}/contact/desk/case/{case}"
    open_page = await site.inside.get(path)
    change()

    page = await site.inside.get(path)
    refused = await site.post(open_page, {"answer": "Too soon."}, site.inside)
    ours = await site.count("select count(*) from letter where subject_id = $1 and from_us", case)
    assert (page.status_code, refused.status_code, ours) == (200, 409, 0)
    await _renew(site, link)
    await site.answered(case)

    assert words in page.text
    assert words in refused.text
    assert 'name="answer"' not in page.text
    assert f"{path}/close" in page.text
    assert len(await site.mails(ada, 2)) == 2


@pytest.mark.rule("R-POL-01")
async def test_commands_say_that_the_person_must_agree_anew(site: Site) -> None:
    case = await site.written(site.address())
    owner = await asyncpg.connect(site.settings.database_url("contact", "owner"))
    # Words that nobody published count as little as those that changed.
    await owner.execute("update consent set wording_version = '99' where subject_id = $1", case)
    await owner.close()

    shown = await command(site, "show", str(case), "--json")
    read = await command(site, "show", str(case))
    code, _, complaint = await command(site, "answer", str(case), told="Too soon.")

    assert json.loads(shown[1])["must_agree_anew"]
    assert "must agree" in read[1]
    assert code == 1
    assert "must agree" in complaint
    assert await state_of(site, case) is State.OPEN


@pytest.mark.rule("R-POL-01", "R-CT-06")
async def test_an_answer_that_has_not_left_when_the_words_change_answered_nobody(
    site: Site, change: Change
) -> None:
    ada = site.address()
    case = await site.written(ada)
    link = await _link(site, ada)
    site.gate.opened.clear()
    try:
        await site.at_desk(f"/case/{case}", {"answer": "Too late."})
        change()
    finally:
        site.gate.opened.set()
    await site.until("select count(*) = 0 from mail where subject_id = $1", case)
    stopped = len(site.mailbox(ada))
    state = await state_of(site, case)
    page = await site.inside.get(f"/en/contact/desk/case/{case}")

    await _renew(site, link)
    again = await site.at_desk(f"/case/{case}", {"answer": "In time."})

    assert (stopped, state) == (1, State.OPEN)
    assert "could not be delivered" in page.text
    assert again.status_code == 303
    assert "In time." in (await site.mails(ada, 2))[-1].text


@pytest.mark.rule("R-POL-01", "R-CT-08")
async def test_older_words_keep_nobody_from_taking_the_consent_back(
    site: Site, change: Change
) -> None:
    ada = site.address()
    case = await site.written(ada)
    link = await _link(site, ada)
    change()

    page = await site.client.get(link)
    ended = await site.press(f"{link}/end")
    await site.clock()

    assert f"{link}/end" in page.text
    assert ended.status_code == 303
    assert await site.left_of(case) == {}


@pytest.mark.rule("R-POL-01", "R-CT-06")
async def test_silence_runs_on_while_nobody_agrees_anew(site: Site, change: Change) -> None:
    case = await site.written(site.address())
    await site.answered(case)
    change()

    await site.pass_time(case, "30 days")
    await site.clock()

    assert await site.left_of(case) == {}
