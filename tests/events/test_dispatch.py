"""Reading material by post: name and address through the gate, one list for each reading."""

import csv
import io

import pytest

from services.events.declaration import FOLDER
from services.events.dispatch import HEAD, Line, as_csv, take_list
from services.events.settings import MATERIAL
from shared.disclosure import configured_recipients, object_to
from shared.web.wordings import read_wordings
from tests.events.site import Events, Somebody

ADDRESS = {"street": "Weg 1", "postal_code": "12345", "city": "Bonn"}
READING = "archive-guide"


async def _answered(events: Events, **more: str) -> Somebody:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", **ADDRESS, **more)
    await events.held(gathering, ada)
    answer = await events.press(
        await events.link(ada.address, "/survey/"), {"overall": "good", "interest": "archive"}
    )
    assert answer.status_code == 303
    return ada


async def _take(events: Events, reading: str = READING) -> list[Line]:
    lines: list[Line] = await events.organise(
        take_list, reading, configured_recipients(), read_wordings(FOLDER)
    )
    return lines


@pytest.mark.rule("R-EV-07", "R-3P-01")
async def test_the_provider_learns_name_and_address_and_each_letter_is_a_disclosure(
    events: Events,
) -> None:
    ada = await _answered(
        events,
        by_post="yes",
        title="Dr.",
        company="Beispiel & Söhne",
        telephone="0228 1",
    )

    lines = await _take(events)
    sql = "select recipient, purpose, categories, basis, reference from disclosure"
    disclosed = dict(await events.row(sql))
    consent = await events.row(
        "select consent_id from consent where subject_id = $1 and purpose = $2",
        ada.subject_id,
        MATERIAL,
    )
    again = await _take(events)
    page = await events.client.get(ada.seat)

    assert lines == [Line("Dr. Ada Lovelace", "Weg 1", "12345", "Bonn")]
    assert disclosed == {
        "recipient": "post",
        "purpose": MATERIAL,
        "categories": ["name", "postal-address"],
        "basis": "a",
        "reference": str(consent[0]),
    }
    written = as_csv(lines)
    for other in (ada.address, "Beispiel", "0228", READING):
        assert other not in written
    assert again == []
    assert "Print and post provider" in page.text
    assert "name, postal address" in page.text
    await events.clock()
    assert await events.everything(ada.subject_id) == {}
    telling = await events.row("select recipient, state from telling")
    assert (telling["recipient"], telling["state"]) == ("post", "open")


@pytest.mark.rule("R-EV-07")
async def test_without_the_tick_for_the_post_there_is_no_letter(events: Events) -> None:
    await _answered(events, by_email="yes")

    assert await _take(events) == []


@pytest.mark.rule("R-EV-07")
async def test_both_ways_are_waited_for(events: Events) -> None:
    ada = await _answered(events, by_email="yes", by_post="yes")
    await events.link(ada.address, "/reading/")
    await events.no_more_mail()
    await events.clock()
    between = await events.everything(ada.subject_id)

    lines = await _take(events)
    await events.clock()

    assert between["sending"] == 2
    assert len(lines) == 1
    assert await events.everything(ada.subject_id) == {}


@pytest.mark.rule("R-EV-07", "R-3P-01")
@pytest.mark.parametrize("how", ["no-material", "objection", "restriction", "wording"])
async def test_nobody_who_says_no_is_on_the_list(
    events: Events, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await _answered(events, by_post="yes")
    grace = await _answered(events, by_post="yes", first_name="Grace")

    if how == "objection":
        await events.organise(object_to, ada.subject_id, MATERIAL)
    elif how == "restriction":
        async with events.eraser.begin() as tx:
            await tx.execute(
                "update subject set restricted_at = now() where subject_id = $1", ada.subject_id
            )
    elif how == "wording":
        monkeypatch.setattr("shared.web.wordings.Wordings.counts", lambda *_: False)
    else:
        await events.press(f"{ada.seat}/no-material")
    lines = await _take(events)

    assert [one.name for one in lines] == ([] if how == "wording" else ["Grace Lovelace"])
    if how == "wording":
        await events.organise(object_to, ada.subject_id, MATERIAL)
        await events.organise(object_to, grace.subject_id, MATERIAL)


def test_no_cell_of_the_list_is_a_formula() -> None:
    nasty = Line('=HYPERLINK("http://127.0.0.1")', "+1", "-1", '@x, "y"\nz')

    head, row = list(csv.reader(io.StringIO(as_csv([nasty]))))

    assert head == list(HEAD)
    assert [cell[0] for cell in row] == ["'"] * 4
    assert row[3] == '\'@x, "y"\nz'
