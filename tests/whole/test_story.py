"""The main job on a whole installation: sign up, receive, be erased, be nowhere, come back."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import httpx2
import orjson
import pytest

from services import registry
from shared.web.configuration import WebSettings
from tests.client import fill_form
from tests.installation import Installation, certificate_of, receive_certificate
from tests.whole.someone import Someone, someone

pytestmark = pytest.mark.timeout(180)
ROOT = Path(__file__).parents[2]
ISSUE = ROOT / "demo" / "issue"
VERIFIER = ROOT / "contracts" / "verify_bundle.py"
STORING = {
    "newsletter": ("subscribe",),
    "events": ("register",),
    "contact": ("message",),
    "rights": ("erase",),
    "registration": ("sign-up",),
}
# Tried in tests of their own.
ELSEWHERE = {
    "erasure": ("verify", "verify-file", "log-entry"),
    "registration": ("sign-in", "reset"),
    "website": ("choices", "settings", "counting"),
}


@pytest.mark.rule("R-17-01", "R-POL-04")
async def test_who_is_erased_is_nowhere_and_comes_back_as_a_stranger(
    installation: Installation, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    ada, ben = someone(installation, browser), someone(installation, browser, "de")
    first, kept = await ada.subscribe(), await ben.subscribe()
    code, told = await installation.command("newsletter", "send", str(ISSUE))
    assert code == 0, told
    for each in (ada, ben):
        await each.person.mail(lambda mail: "List-Unsubscribe" in dict(mail["headers"]), "issue")
    await _analyze(installation)
    assert await ada.places()

    bundle = tmp_path / "certificate.expunge.json"
    bundle.write_bytes(await ada.be_erased())

    assert await _verifies_alone(bundle)
    assert _controller(bundle) == WebSettings.load().read_controller().name
    assert not await ada.places(), "no row, statistic, message, log line or mail row names her"
    assert await ben.subscriptions() == [kept]
    assert await ben.places()
    await _comes_back(ada, first)


async def _verifies_alone(bundle: Path) -> bool:
    """Run the one file that travels with the bundle, without our environment."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", VERIFIER, bundle)
    return await process.wait() == 0


def _controller(bundle: Path) -> str:
    """Read in the signed statement who answers for the data."""
    return str(certificate_of(bundle.read_bytes())["controller"]["name"])


async def _comes_back(ada: Someone, first: UUID) -> None:
    """Sign up anew without names, find nothing of before, be erased once more."""
    names, ada.names = ada.names, {}
    second = await ada.subscribe()
    rows = await ada.installation.ask(
        "newsletter", "select * from subscriber where email = $1", ada.address
    )
    assert second != first
    assert not {str(value) for value in rows[0].values()} & set(names.values())
    assert not await ada.installation.named(*names.values())

    before = len(await ada.person.mails())
    await ada.be_erased()
    await ada.person.mail(
        lambda mail: bool(mail["attachments"]), "the second certificate", after=before
    )
    assert await receive_certificate(ada.person)
    assert not await ada.places()


@pytest.mark.parametrize(
    ("service", "name"), [(service, name) for service, names in STORING.items() for name in names]
)
async def test_what_a_form_takes_stands_in_no_message_and_no_log(
    installation: Installation, browser: httpx2.AsyncClient, service: str, name: str
) -> None:
    person = someone(installation, browser)
    path = f"/en/{service}/forms/{name}" + await _about(installation, service)
    descriptor = (await browser.get(path)).json()
    words = {"email": person.address, **person.names}
    entries = {
        field["name"]: "yes"
        if field["kind"] == "tick"
        else words.get(field["name"], person.names["first_name"])[: field["max_length"]]
        for field in descriptor["fields"]
        if field["kind"] != "question"
    }
    boxes = [one["name"] for one in descriptor["declarations"]]
    action, entries = await fill_form(browser, path, entries, boxes)

    refused = await browser.post(action, data={**entries, "email": f"{person.markers[1]}@"})
    taken = await browser.post(action, data=entries)
    await person.person.mail(lambda mail: bool(mail["links"]), "the link")

    assert (refused.status_code, taken.status_code) == (422, 303)
    places = await person.places()
    assert places, "the rows themselves are found, so the search works"
    assert all(place.startswith(installation.settings.database(service)) for place in places)


async def _about(installation: Installation, service: str) -> str:
    """Say what a form is about, where it is about something: a gathering that is entered first."""
    if service != "events":
        return ""
    titles = ("--title-de", "Ordnung", "--title-en", "Order", "--place", "Bonn")
    dates = ("--date", "2099-03-01 09:00 - 17:00")
    entry = ("event", *titles, "--capacity", "9", *dates, "--json")
    code, told = await installation.command("events", "create", *entry)
    assert code == 0, told
    return f"?gathering={orjson.loads(told)['id']}"


async def test_what_is_pasted_to_be_verified_stands_nowhere(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    person = someone(installation, browser)

    answer = await person.person.fill(
        "/en/erasure/verify", {"bundle": f'{{"{person.address}": 1}}'}
    )

    assert answer.status_code == 200
    assert not await person.places()


def test_every_live_form_that_anybody_may_open_is_tried_above() -> None:
    open_to_all = {
        (service.name, one.name)
        for service in registry.SERVICES
        for one in service.part().forms
        if one.fields and not one.guard and "{token}" not in one.action
    }
    tried = {
        (service, name)
        for part in (STORING, ELSEWHERE)
        for service in part
        for name in part[service]
    }

    assert open_to_all == tried


async def _analyze(installation: Installation) -> None:
    """Let the planner look at every row, as it does by itself in time."""
    for service in registry.with_database():
        await installation.ask(service.name, "analyze")
