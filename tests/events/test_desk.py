"""Organisers at their desk: entering, noting who was there, concluding; and nobody else."""

import base64
import re
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from demo.person import forms_of
from shared.desk import add_staff
from shared.desk.accounts import STEP_S, _totp
from tests.events.site import Events, posting_form

ENTRY = {
    "kind": "training",
    "title_de": "Ordnung",
    "title_en": "Order",
    "place": "Bonn",
    "capacity": "12",
    "dates": "2099-03-01 09:00 - 17:00\n2099-03-02 09:00 - 12:00",
}
DESK = "/en/events/desk"


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def signed_in(events: Events) -> None:
    """Sign an organiser in."""
    async with events.app.begin() as tx:
        grace = await add_staff(tx, "grace")
    secret = base64.b32decode(parse_qs(urlsplit(grace.uri).query)["secret"][0])
    step = int(time.time()) // STEP_S * STEP_S
    code = _totp(secret).generate(step).decode()
    answer = await events.inside.post(
        f"{DESK}/sign-in", data={"name": "grace", "password": grace.password, "code": code}
    )
    assert answer.status_code == 303, answer.text


async def fill(events: Events, path: str, entries: dict[str, str] | None = None) -> httpx2.Response:
    """Open a desk page, fill its form and send it."""
    page = await events.inside.get(path)
    return await events.post(page, posting_form(page), entries)


async def test_a_gathering_is_entered_moved_and_cancelled(events: Events) -> None:
    entered = await fill(events, f"{DESK}/enter", {**ENTRY, "listed": "yes"})
    path = entered.headers["location"]
    shown = await events.inside.get(path)
    listed = await events.client.get("/de/events/gatherings")
    moved = await fill(events, f"{path}/move", {"dates": "2099-04-01 09:00 - 17:00"})
    later = await events.inside.get(path)
    cancelled = await fill(events, f"{path}/cancel")
    over = await events.inside.get(path)

    assert (entered.status_code, moved.status_code, cancelled.status_code) == (303, 303, 303)
    assert "Sunday, 1 March 2099, 09:00 to 17:00 CET" in shown.text
    assert "Ordnung" in listed.text
    assert "Wednesday, 1 April 2099, 09:00 to 17:00 CEST" in later.text
    assert "Cancelled" in over.text
    assert f"{path}/move" not in over.text


@pytest.mark.rule("R-EV-09")
@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"dates": "2099-03-01 17:00 - 09:00"}, "an end after its start"),
        ({"dates": "some day"}, "Write each date once, on its own line"),
        ({"dates": "2020-03-01 09:00 - 17:00"}, "must lie ahead"),
        ({"capacity": "many"}, "a number of seats"),
    ],
)
async def test_what_cannot_be_planned_comes_back_filled(
    events: Events, entries: dict[str, str], sentence: str
) -> None:
    before = await events.count("select count(*) from gathering")

    answer = await fill(events, f"{DESK}/enter", {**ENTRY, **entries})

    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Ordnung"' in answer.text
    assert await events.count("select count(*) from gathering") == before


@pytest.mark.rule("R-EV-02")
async def test_an_invitation_is_shown_once_and_opens_the_form(events: Events) -> None:
    entered = await fill(events, f"{DESK}/enter", ENTRY)

    made = await fill(events, f"{entered.headers['location']}/invite")
    link = re.search(r"/en/events/register/[\w-]+", made.text)
    again = await events.inside.get(f"{entered.headers['location']}/invite")

    assert link is not None
    assert (await events.client.get(link[0])).status_code == 200
    assert link[0] not in again.text


async def test_attendance_is_noted_and_the_gathering_concluded(events: Events) -> None:
    gathering = await events.gathering(days=1)
    ada = await events.registered(gathering, "survey")
    path = f"{DESK}/gathering/{gathering}"
    await events.pass_time(timedelta(days=1, hours=1))

    page = await events.inside.get(f"{path}/attendance")
    (form,) = [one for one in forms_of(page.text) if "seat" in one.values]
    noted = await events.post(page, form, {"attended": "yes"})
    after = await events.inside.get(f"{path}/attendance")
    concluded = await fill(events, f"{path}/conclude")

    assert "Ada Lovelace" in page.text
    assert (noted.status_code, concluded.status_code) == (303, 303)
    assert "Ada Lovelace: was there" in after.text
    assert await events.link(ada.address, "/survey/")


async def test_a_seat_of_another_gathering_is_not_noted_here(events: Events) -> None:
    one, other = await events.gathering(), await events.gathering()
    ada = await events.registered(other)
    page = await events.inside.get(f"{DESK}/enter")
    token = posting_form(page).values["csrf"]

    answer = await events.inside.post(
        f"{DESK}/gathering/{one}/attendance",
        data={"csrf": token, "seat": str(ada.subject_id), "attended": "yes"},
    )

    assert answer.status_code == 404


async def test_counts_below_the_smallest_are_not_shown(events: Events) -> None:
    gathering = await events.gathering()
    async with events.app.begin() as tx:
        await tx.executemany(
            "insert into survey_total values ($1, 'overall', $2, $3)",
            [(gathering, "good", 9), (gathering, "fair", 7), (gathering, "poor", 2)],
        )

    page = await events.inside.get(f"{DESK}/gathering/{gathering}")

    assert "<td>9</td>" in page.text
    assert page.text.count("under 5") == 2
    assert "<td>2</td>" not in page.text
    assert "<td>7</td>" not in page.text


@pytest.mark.parametrize(
    "path", ["", "/enter", "/gathering/{id}", "/gathering/{id}/attendance", "/gathering/{id}/move"]
)
async def test_the_desk_is_closed_to_all_others(events: Events, path: str) -> None:
    gathering: UUID = await events.gathering()
    url = DESK + path.format(id=gathering)
    cookies = dict(events.inside.cookies)
    events.inside.cookies.clear()

    outside, stranger = await events.client.get(url), await events.inside.get(url)
    events.inside.cookies.update(cookies)

    assert outside.status_code == 404
    assert (stranger.status_code, stranger.headers["location"]) == (303, f"{DESK}/sign-in")
