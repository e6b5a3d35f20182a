"""Declarations whose words changed: what stands on them stops, and goes on once renewed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from contracts.messages import ConsentGranted, ConsentWithdrawn
from contracts.vocabulary import Method
from demo.person import PageForm, forms_of
from services.events import declaration
from services.events.declaration import FOLDER
from services.events.dispatch import Line, take_list
from services.events.settings import MATERIAL, REGISTRATION, SURVEY
from shared.disclosure import configured_recipients
from shared.parameters import duration
from shared.visitor.received import Mail
from shared.web.language import Language
from shared.web.wordings import Wordings
from tests.events.site import NAME, Events, Somebody
from tests.rewording import reworded

Change = Callable[..., Wordings]
ALL = ("event-registration", "event-survey", "event-material")
ANSWERS = {"overall": "good", "interest": "archive"}
ADDRESS = {"street": "Weg 1", "postal_code": "12345", "city": "Bonn"}


@pytest.fixture
def change(events: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Publish material changes of wordings, as an operator does: for pages and mails."""

    def publish(*ids: str) -> Wordings:
        changed = reworded(FOLDER, tmp_path, *ids)
        monkeypatch.setitem(events.web.state.web.pages.wordings, NAME, changed)
        monkeypatch.setitem(vars(events.mails_of), "wordings", changed)
        monkeypatch.setattr(declaration, "_wordings", lambda: changed)
        return changed

    return publish


async def _versions(events: Events, ada: Somebody) -> dict[str, str]:
    async with events.app.begin() as tx:
        rows = await tx.fetch(
            "select purpose, wording_version from consent where subject_id = $1", ada.subject_id
        )
    return {row["purpose"]: row["wording_version"] for row in rows}


def _renewal(page: httpx2.Response) -> PageForm:
    found = [one for one in forms_of(page.text) if one.action.endswith("/renew")]
    assert len(found) == 1, "the page asks to agree anew"
    return found[0]


async def _renew(events: Events, ada: Somebody, *boxes: str) -> httpx2.Response:
    page = await events.client.get(ada.seat)
    form = _renewal(page)
    return await events.post(page, form, {one: form.unticked[one] for one in boxes})


def _asked(events: Events, ada: Somebody) -> int:
    return len(_mails(events, ada, "/survey/"))


def _mails(events: Events, ada: Somebody, part: str) -> list[Mail]:
    return [
        mail for mail in events.mailbox(ada.address) if any(part in link for link in mail.links)
    ]


@pytest.mark.rule("R-POL-01", "R-EV-04")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_each_declaration_whose_words_changed_is_renewed_on_the_seats_page_by_itself(
    events: Events, change: Change, lang: str
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", lang=lang, by_email="yes")
    before = await events.client.get(ada.seat)
    change("event-survey", "event-material")
    told = len(await events.told(ConsentWithdrawn)), len(await events.told(ConsentGranted))

    page = await events.client.get(ada.seat)
    offered = set(_renewal(page).unticked)
    nothing = await _renew(events, ada)  # without a tick nothing is agreed to
    left = await _versions(events, ada)
    one = await _renew(events, ada, "material")
    then = await events.client.get(ada.seat)

    assert "renewal-title" not in before.text
    assert f"New words of event-survey, {lang}." in page.text
    old = (FOLDER / "wordings" / f"event-survey.v1.{lang}.txt").read_text().strip()
    assert page.text.count(old[:40]) == 1
    assert offered == {"survey", "material"}
    assert set(left.values()) == {"1"}
    assert (nothing.status_code, one.status_code) == (303, 303)
    assert one.headers["location"] == f"{ada.seat}/saved"
    assert await _versions(events, ada) == {REGISTRATION: "1", SURVEY: "1", MATERIAL: "2"}
    assert set(_renewal(then).unticked) == {"survey"}
    [ended] = (await events.told(ConsentWithdrawn))[told[0] :]
    [given] = (await events.told(ConsentGranted))[told[1] :]
    assert (ended.purpose, ended.method) == (MATERIAL, Method.REPLACED)
    assert (given.purpose, given.method, given.form) == (MATERIAL, Method.PREFERENCES, "renew")


@pytest.mark.rule("R-POL-01")
async def test_a_program_renews_as_a_person_does(events: Events, change: Change) -> None:
    ada = await events.registered(await events.gathering(), "survey")
    wordings = change(*ALL)
    words = wordings.current("event-survey", Language.EN).sha256
    entries = {**_renewal(await events.client.get(ada.seat)).values, "survey": words}

    answer = await events.client.post(f"{ada.seat}/renew", json=entries)
    wrong = await events.client.post(f"{ada.seat}/renew", json={**entries, "survey": "0" * 64})
    nobody = await events.client.post(f"/en/events/seat/{'x' * 43}/renew", json=entries)

    assert (answer.status_code, answer.json()) == (202, {"next": f"{ada.seat}/saved"})
    assert await _versions(events, ada) == {REGISTRATION: "1", SURVEY: "2"}
    assert (wrong.status_code, nobody.status_code) == (409, 404)
    assert wrong.headers["content-type"] == nobody.headers["content-type"]


@pytest.mark.rule("R-POL-01", "R-EV-04")
async def test_nobody_renews_what_they_never_declared(events: Events, change: Change) -> None:
    ada = await events.registered(await events.gathering(), "survey")
    words = change(*ALL).current("event-material", Language.EN).sha256
    page = await events.client.get(ada.seat)
    form = _renewal(page)

    answer = await events.post(page, form, {"material": words})

    assert set(form.unticked) == {"registration", "survey"}
    assert answer.status_code == 303
    assert await _versions(events, ada) == {REGISTRATION: "1", SURVEY: "1"}


@pytest.mark.rule("R-POL-01", "R-EV-12")
async def test_nobody_is_asked_for_an_opinion_before_they_agreed_anew_and_then_once(
    events: Events, change: Change
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    change("event-survey")
    await events.held(gathering, ada)
    await events.no_more_mail()
    stopped = _asked(events, ada)

    await _renew(events, ada, "survey")
    link = await events.link(ada.address, "/survey/")
    opened = await events.client.get(link)
    await events.no_more_mail()

    assert (stopped, _asked(events, ada)) == (0, 1)
    assert opened.status_code == 200


@pytest.mark.rule("R-POL-01")
@pytest.mark.parametrize(("lang", "words"), [("de", "hat sich geändert"), ("en", "has changed")])
async def test_the_survey_takes_no_answers_on_older_words(
    events: Events, change: Change, lang: str, words: str
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", lang=lang)
    await events.held(gathering, ada)
    link = await events.link(ada.address, "/survey/")
    open_page = await events.client.get(link)
    change("event-survey")

    closed = await events.client.get(link)
    [form] = [one for one in forms_of(open_page.text) if one.method == "post"]
    refused = await events.post(open_page, form, ANSWERS)
    program = await events.client.post(link, json={**form.values, **ANSWERS})
    stored = await events.everything(ada.subject_id)
    await _renew(events, ada, "survey")
    await events.no_more_mail()
    answered = await events.press(link, ANSWERS)

    assert (closed.status_code, refused.status_code, program.status_code) == (409, 409, 409)
    assert words in closed.text
    assert program.json()["type"] == "/problems/must-agree-anew"
    assert "survey_answer" not in stored
    assert _asked(events, ada) == 1  # who was asked before is not asked again
    assert answered.status_code == 303
    await events.clock()


@pytest.mark.rule("R-POL-01", "R-EV-07")
async def test_material_is_not_mailed_before_it_was_agreed_to_anew(
    events: Events, change: Change
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_email="yes")
    await events.held(gathering, ada)
    link = await events.link(ada.address, "/survey/")
    events.gate.opened.clear()
    try:
        await events.press(link, ANSWERS)
        change("event-material")
    finally:
        events.gate.opened.set()
    await events.no_more_mail()
    await events.clock()
    stopped = _mails(events, ada, "/reading/")
    held = await events.everything(ada.subject_id)

    events.gate.opened.clear()
    try:
        await _renew(events, ada, "material")
        queued = await events.count(
            "select count(*) from mail where subject_id = $1 and kind = 'read'", ada.subject_id
        )
    finally:
        events.gate.opened.set()
    assert queued == 1
    reading = await events.link(ada.address, "/reading/")
    await events.no_more_mail()
    await events.clock()

    assert (stopped, held["sending"]) == ([], 1)
    assert reading == "/en/events/reading/archive-guide"
    assert await events.everything(ada.subject_id) == {}


@pytest.mark.rule("R-POL-01", "R-EV-07", "R-3P-01")
async def test_material_is_not_posted_before_it_was_agreed_to_anew(
    events: Events, change: Change
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_post="yes", **ADDRESS)
    await events.held(gathering, ada)
    await events.press(await events.link(ada.address, "/survey/"), ANSWERS)
    wordings = change("event-material")
    take = (take_list, "archive-guide", configured_recipients(), wordings)

    stopped = await events.organise(*take)
    await _renew(events, ada, "material")
    lines = await events.organise(*take)
    await events.clock()

    assert stopped == []
    assert lines == [Line("Ada Lovelace", "Weg 1", "12345", "Bonn")]


@pytest.mark.rule("R-POL-01", "R-EV-06")
async def test_answers_choose_no_material_on_older_words(events: Events, change: Change) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_email="yes")
    await events.held(gathering, ada)
    link = await events.link(ada.address, "/survey/")
    change("event-material")

    answer = await events.press(link, ANSWERS)
    stored = await events.everything(ada.subject_id)
    await events.clock()

    assert answer.headers["location"].endswith("/thanks/nothing")
    assert "sending" not in stored
    assert await events.everything(ada.subject_id) == {}


@pytest.mark.rule("R-POL-01", "R-EV-09")
async def test_time_limits_run_on_while_nobody_renews(events: Events, change: Change) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_email="yes")
    change(*ALL)
    await events.held(gathering, ada)
    still = await events.everything(ada.subject_id)

    await events.pass_time(duration("SURVEY_WINDOW") + timedelta(minutes=1))

    assert still["seat"] == 1
    assert await events.everything(ada.subject_id) == {}
    assert _asked(events, ada) == 0


@pytest.mark.rule("R-POL-01", "R-EV-11")
async def test_who_waits_on_older_words_is_passed_over_until_they_agreed_anew(
    events: Events, change: Change
) -> None:
    gathering = await events.gathering(capacity=2)
    ada, grace = await events.registered(gathering), await events.registered(gathering)
    first = await events.registered(gathering)
    change("event-registration")
    second = await events.registered(gathering)

    await events.press(f"{ada.seat}/cancel")
    await events.clock()
    passed = [await _state(events, one) for one in (first, second)]
    await events.press(f"{grace.seat}/cancel")
    await events.clock()
    newcomer = await events.registered(gathering)  # nobody whose words count waits
    still = [await _state(events, one) for one in (first, newcomer)]
    await _renew(events, first, "registration")
    await events.clock()
    full = await _state(events, first)
    await events.press(f"{newcomer.seat}/cancel")
    await events.clock()

    assert passed == ["waiting", "booked"]
    assert still == ["waiting", "booked"]
    assert full == "waiting"
    assert await _state(events, first) == "booked"
    await events.mails(first.address, "A seat is yours")


@pytest.mark.rule("R-POL-01")
async def test_who_agrees_anew_moves_up_at_once_where_a_seat_is_free(
    events: Events, change: Change
) -> None:
    gathering = await events.gathering(capacity=1)
    ada, grace = await events.registered(gathering), await events.registered(gathering)
    change("event-registration")
    await events.press(f"{ada.seat}/cancel")
    await events.clock()
    before = await _state(events, grace)

    await _renew(events, grace, "registration")
    await events.clock()

    assert (before, await _state(events, grace)) == ("waiting", "booked")
    assert await events.taken(gathering) == 1


async def _state(events: Events, who: Somebody) -> str:
    row = await events.row("select state from seat where subject_id = $1", who.subject_id)
    return str(row["state"])
