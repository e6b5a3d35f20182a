"""What people and organisers type stands in no message, no log, no URL and no statistic."""

import logging
from datetime import timedelta

import pytest

from services.events import organising
from services.events.forms import REGISTER, SURVEY_FORM
from shared.web import Kind
from tests.events.site import Events, posting_form

MARK = "zq9canary"


@pytest.mark.rule("R-POL-05")
async def test_markers_in_every_field_stay_in_the_slice(
    events: Events, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    gathering, ada = await events.gathering(), f"{MARK}.a@example.org"
    typed = {
        one.name: f"{MARK}{number}"
        for number, one in enumerate(REGISTER.fields)
        if one.kind in {Kind.TEXT, Kind.TELEPHONE}
    }

    refused = await events.register(gathering, f"{MARK}@@", "survey", **typed)
    taken = await events.register(
        gathering, ada, "survey", "material", by_post="yes", by_email="yes", **typed
    )
    confirmed = await events.press(await events.link(ada, "/confirm/"))
    subject = (await events.row("select subject_id from seat where email = $1", ada))[0]
    await events.pass_time(timedelta(days=11))
    await events.organise(organising.note_attendance, gathering, subject, attended=True)
    await events.organise(organising.conclude, gathering)
    survey = await events.link(ada, "/survey/")
    page = await events.client.get(survey)
    wrong = {one.name: MARK for one in SURVEY_FORM.fields}
    bad = await events.post(page, posting_form(page), wrong)
    answered = await events.press(survey, {"overall": "good", "remark": f"{MARK} said"})
    stored = await events.count("select count(*) from remark where remark like $1", f"{MARK}%")
    cancelled = await events.press(confirmed.headers["location"].replace("confirmed", "cancel"))
    async with events.eraser.begin() as tx:
        await tx.execute("analyze")
    await events.clock()

    codes = [one.status_code for one in (refused, taken, bad, answered, cancelled)]
    assert codes == [422, 303, 422, 303, 303]
    assert stored == 1
    logged = caplog.text + "".join(capfd.readouterr())
    paths = [str(one.headers.get("location")) for one in (taken, confirmed, answered, cancelled)]
    assert MARK not in logged
    assert MARK not in "".join(paths)
    for place in (
        "select count(*) from outbox where position($1::text::bytea in value) > 0",
        "select count(*) from pg_stats where position($1 in pg_stats::text) > 0",
        "select count(*) from deadline where position($1 in payload::text) > 0",
        "select count(*) from mail where position($1 in parameters::text) > 0",
        "select count(*) from answer where position($1::text::bytea in location) > 0",
    ):
        assert await events.count(place, MARK) == 0, place
    assert await events.everything(subject) == {}
