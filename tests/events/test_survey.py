"""The survey, the reading material that follows from it, and what remains of both."""

from datetime import timedelta

import pytest

from contracts.messages import SliceErased
from contracts.vocabulary import Outcome, Reason
from services.events import organising
from services.events.settings import SURVEY
from services.events.store import surveys
from shared.disclosure import object_to
from shared.parameters import duration
from tests.events.site import Events, Somebody, posting_form

WINDOW, MOST = duration("SURVEY_WINDOW"), duration("MATERIAL_MAX")
MINUTE = timedelta(minutes=1)
ANSWERS = {"overall": "good", "pace": "right", "interest": "archive"}
ADDRESS = {"street": "Weg 1", "postal_code": "12345", "city": "Bonn"}


async def _gone(events: Events, *people: Somebody) -> bool:
    return [await events.everything(one.subject_id) for one in people] == [{}] * len(people)


@pytest.mark.rule("R-EV-05")
async def test_only_who_agreed_and_was_there_is_asked_and_only_afterwards(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    absent = await events.registered(gathering, "survey")
    silent = await events.registered(gathering)
    await events.pass_time(timedelta(days=11))
    await events.no_more_mail()
    before = [one.subject for one in events.mailbox(ada.address)]

    await events.organise(organising.note_attendance, gathering, ada.subject_id, attended=True)
    await events.organise(organising.note_attendance, gathering, silent.subject_id, attended=True)
    await events.organise(organising.note_attendance, gathering, absent.subject_id, attended=False)
    asked = await events.organise(organising.conclude, gathering)
    await events.clock()

    assert not [subject for subject in before if "opinion" in subject]
    assert asked == 1
    (mail,) = await events.mails(ada.address, "Your opinion")
    assert any("/survey/" in link for link in mail.links)
    headers = {name.lower(): value for name, value in mail.headers}
    assert "/no-survey" in headers["list-unsubscribe"]
    assert await _gone(events, absent, silent)
    for other in (absent, silent):
        assert not [one for one in events.mailbox(other.address) if "opinion" in one.subject]


@pytest.mark.rule("R-EV-05")
async def test_nothing_depends_on_the_survey(events: Events) -> None:
    """The whole way without it: registered, booked, there, over, deleted."""
    gathering = await events.gathering()
    ada = await events.registered(gathering)
    page = await events.client.get(ada.seat)

    await events.held(gathering, ada)

    assert "You have a seat" in page.text
    assert await _gone(events, ada)
    receipt = (await events.told(SliceErased))[-1]
    assert (receipt.reason, receipt.outcome) == (Reason.PURPOSE_ENDED, Outcome.ANONYMISED)


@pytest.mark.rule("R-EV-06")
async def test_answers_without_material_send_nothing_and_end_it(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    await events.held(gathering, ada)

    answer = await events.press(await events.link(ada.address, "/survey/"), ANSWERS)
    stored = await events.everything(ada.subject_id)
    await events.clock()

    assert answer.headers["location"].endswith("/thanks/nothing")
    assert "sending" not in stored
    assert stored["survey_answer"] == 3
    assert await _gone(events, ada)
    assert not [one for one in events.mailbox(ada.address) if "reading" in one.subject]


@pytest.mark.rule("R-EV-07", "R-EV-09")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_material_by_mail_follows_the_answers_and_ends_it(events: Events, lang: str) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", lang=lang, by_email="yes")
    await events.held(gathering, ada)

    answer = await events.press(await events.link(ada.address, "/survey/"), ANSWERS)
    link = await events.link(ada.address, "/reading/")
    page = await events.client.get(link)
    await events.no_more_mail()
    await events.clock()

    assert answer.headers["location"].endswith("/thanks/material")
    assert link == f"/{lang}/events/reading/archive-guide"
    assert page.status_code == 200
    mail = events.mailbox(ada.address)[-1]
    readings = [one for one in mail.links if "/reading/" in one]
    assert len(set(readings)) == 1
    assert ada.address not in page.text
    assert await _gone(events, ada)
    assert (await events.told(SliceErased))[-1].reason is Reason.PURPOSE_ENDED


@pytest.mark.rule("R-EV-09")
async def test_a_survey_that_nobody_answers_closes(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    await events.held(gathering, ada)
    link = await events.link(ada.address, "/survey/")

    await events.pass_time(WINDOW - MINUTE)
    still = await events.client.get(link)
    await events.pass_time(MINUTE * 2)
    closed = await events.client.get(link)

    assert (still.status_code, closed.status_code) == (200, 404)
    assert await _gone(events, ada)
    assert (await events.told(SliceErased))[-1].reason is Reason.RETENTION_OVER


@pytest.mark.rule("R-EV-09")
async def test_material_that_nobody_sends_is_not_waited_for(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_post="yes", **ADDRESS)
    await events.held(gathering, ada)
    await events.press(await events.link(ada.address, "/survey/"), ANSWERS)

    await events.pass_time(MOST - MINUTE)
    assert (await events.everything(ada.subject_id))["sending"] == 1
    await events.pass_time(MINUTE)

    assert await _gone(events, ada)
    assert (await events.told(SliceErased))[-1].reason is Reason.RETENTION_OVER


async def test_a_survey_is_answered_once(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_post="yes", **ADDRESS)
    await events.held(gathering, ada)
    link = await events.link(ada.address, "/survey/")
    page = await events.client.get(link)
    form, other = posting_form(page), posting_form(await events.client.get(link))

    first = await events.post(page, form, ANSWERS)
    same = await events.post(page, form, ANSWERS)
    again = await events.post(page, other, {"overall": "poor"})

    assert first.headers["location"] == same.headers["location"]
    assert again.status_code == 404
    sql = "select answer from survey_answer where subject_id = $1 and question = 'overall'"
    assert (await events.row(sql, ada.subject_id))[0] == "good"


@pytest.mark.parametrize(
    "entries", [{"pace": "right"}, {"overall": "splendid"}, {"overall": "good", "age": "40"}]
)
async def test_only_the_offered_answers_are_taken(events: Events, entries: dict[str, str]) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    await events.held(gathering, ada)

    answer = await events.press(await events.link(ada.address, "/survey/"), entries)

    assert answer.status_code == 422
    assert "survey_answer" not in await events.everything(ada.subject_id)


@pytest.mark.rule("R-EV-12")
@pytest.mark.parametrize("how", ["stop", "no-survey", "objection", "restriction", "wording"])
async def test_an_invitation_that_waits_is_not_sent_after_a_no(
    events: Events, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    await events.no_more_mail()
    events.gate.opened.clear()
    await events.held(gathering, ada)
    sql = "select count(*) from mail where subject_id = $1 and kind = 'ask'"
    assert await events.count(sql, ada.subject_id) == 1

    if how == "objection":
        await events.organise(object_to, ada.subject_id, SURVEY)
    elif how == "restriction":
        async with events.eraser.begin() as tx:
            await tx.execute(
                "update subject set restricted_at = now() where subject_id = $1", ada.subject_id
            )
    elif how == "wording":
        monkeypatch.setattr("shared.web.wordings.Wordings.counts", lambda *_: False)
    else:
        await events.press(f"{ada.seat}/{how}")
    events.gate.opened.set()
    if how != "restriction":
        await events.no_more_mail()
    await events.clock()

    assert not [one for one in events.mailbox(ada.address) if "opinion" in one.subject]


@pytest.mark.rule("R-EV-12")
async def test_one_click_in_the_mail_program_stops_the_survey(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    await events.held(gathering, ada)
    (mail,) = await events.mails(ada.address, "Your opinion")
    headers = {name.lower(): value for name, value in mail.headers}
    link = headers["list-unsubscribe"].strip("<>").partition("//")[2].partition("/")[2]

    answer = await events.client.post(
        f"/{link}",
        content="List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    await events.clock()

    assert (answer.status_code, answer.text) == (200, "")
    assert await _gone(events, ada)


@pytest.mark.rule("R-EV-04")
async def test_taking_the_survey_back_after_answering_deletes_answers_uncounted(
    events: Events,
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_post="yes", **ADDRESS)
    await events.held(gathering, ada)
    await events.press(
        await events.link(ada.address, "/survey/"), {**ANSWERS, "remark": "Too loud."}
    )

    await events.press(f"{ada.seat}/no-survey")
    left = await events.everything(ada.subject_id)

    assert "survey_answer" not in left
    assert "remark" not in left
    assert left["sending"] == 1  # what was chosen before stands on its own declaration
    async with events.app.begin() as tx:
        assert await surveys.totals(tx, gathering) == {}


@pytest.mark.rule("R-EV-08")
async def test_counts_remain_free_text_does_not_and_small_counts_go(events: Events) -> None:
    gathering = await events.gathering()
    people = [await events.registered(gathering, "survey") for _ in range(6)]
    await events.held(gathering, *people)
    for number, one in enumerate(people):
        overall = "good" if number < 5 else "poor"
        await events.press(
            await events.link(one.address, "/survey/"),
            {"overall": overall, "remark": f"Marker-{number}-zq8 was too loud."},
        )
    await events.clock()
    assert await _gone(events, *people)

    async with events.app.begin() as tx:
        stored = await surveys.totals(tx, gathering)
    await events.pass_time(WINDOW + MOST + timedelta(days=1, minutes=1))
    async with events.app.begin() as tx:
        kept = await surveys.totals(tx, gathering)
        there = await surveys.attendance(tx, gathering)

    assert stored == {"overall": {"good": 5, "poor": 1}}
    assert kept == {"overall": {"good": 5}}
    assert there == {"attended": 6}
    assert await events.count("select count(*) from remark") == 0
    places = await events.row(
        "select count(*) from pg_stats where most_common_vals::text like '%zq8%'"
    )
    assert places[0] == 0
