"""Seats on a whole installation: booked, erased everywhere, an invoice kept, others untouched."""

from uuid import UUID

import httpx2
import orjson
import pytest

from demo.person import Person
from tests.installation import Installation, certificate_of, confirm_erasure, receive_certificate
from tests.whole.someone import someone

pytestmark = pytest.mark.timeout(180)
DATES = ("--date", "2099-03-01 09:00 - 17:00")
ENTRY = ("--title-de", "Ordnung", "--title-en", "Order", "--place", "Bonn", "--capacity", "9")


async def enter(installation: Installation) -> str:
    """Enter a training; gives its id."""
    code, told = await installation.command(
        "events", "create", "training", *ENTRY, *DATES, "--json"
    )
    assert code == 0, told
    return str(orjson.loads(told)["id"])


async def book(person: Person, gathering: str, names: dict[str, str]) -> str:
    """Take a seat and confirm it; gives the path of its page."""
    typed = {"email": person.address, **names}
    before = len(await person.mails())
    await person.fill(f"/en/events/register/{gathering}", typed, tick=("registration", "survey"))
    answer = await person.fill(await person.link("/events/confirm/", after=before))
    assert answer.url.path.endswith("/confirmed")
    return str(answer.url.path.removesuffix("/confirmed"))


@pytest.mark.rule("R-17-01", "R-ACC-11")
async def test_who_is_erased_leaves_no_seat_and_only_what_a_law_keeps(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    gathering = await enter(installation)
    ada, ben, eve = (someone(installation, browser) for _ in range(3))
    for each in (ada, ben, eve):
        await book(each.person, gathering, each.names)
    (billed,) = await installation.ask(
        "events", "select subject_id from seat where email = $1", ben.address
    )
    words = ("--invoice", "R-2099-1", "--amount", "590.00", "--until", "2060-12-31")
    code, told = await installation.command("events", "hold", str(billed["subject_id"]), *words)
    assert code == 0, told

    outcomes = []
    for each in (ada, ben):
        await confirm_erasure(each.person)
        outcomes.append(str(certificate_of(await receive_certificate(each.person))["outcome"]))
        await installation.closed()

    assert outcomes == ["complete", "complete-with-retention"]
    assert not await ada.places()
    kept = await ben.places()
    assert kept
    assert all(f"{installation.settings.database('events')}" in place for place in kept)
    rows = await installation.ask("events", "select ground, reference, fields from held")
    assert {row["reference"] for row in rows} == {"ao-147-3"}
    assert await installation.ask("events", "select from seat where email = $1", eve.address)
    (row,) = await installation.ask(
        "events", "select taken from gathering where gathering_id = $1", UUID(gathering)
    )
    assert row["taken"] == 1
