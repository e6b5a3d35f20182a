"""A change of an account reaches whoever holds a copy, wherever a process is killed on the way."""

import itertools

import httpx2
import orjson
import pytest

from demo.person import Person
from tests.installation import Installation, eventually

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
PASSWORD = "seven blue herons wade"
DATES = ("--date", "2099-03-01 09:00 - 17:00")
ENTRY = ("--title-de", "Ordnung", "--title-en", "Order", "--place", "Bonn", "--capacity", "9")
TOLD = "Your account has changed, your registration has not: Order"
KILLS = (
    ("web", "web:after-commit"),
    ("workers", "relay:after-send"),
    ("workers", "consumer:before-commit"),
    ("workers", "copies:before-commit"),
)
_people = itertools.count(1)


async def _account(person: Person) -> None:
    await person.fill("/en/registration/sign-up", {"email": person.address}, tick=("use",))
    await person.fill(await person.link("/registration/confirm/"), {"chosen": PASSWORD})
    typed = {"email": person.address, "password": PASSWORD}
    answer = await person.fill("/en/registration/sign-in", typed)
    assert answer.url.path == "/en/registration/account"


async def _seat(person: Person, gathering: str) -> None:
    typed = {"email": person.address, "first_name": "F", "last_name": "L", "company": "Old Mill"}
    await person.fill(f"/en/events/register/{gathering}", typed, tick=("registration",))
    await person.fill(await person.link("/events/confirm/"))


@pytest.mark.rule("R-ACC-10")
@pytest.mark.parametrize(("process", "point"), KILLS, ids=[point for _, point in KILLS])
async def test_who_changed_the_account_is_told_of_the_copy_once(
    installation: Installation, process: str, point: str
) -> None:
    code, told = await installation.command(
        "events", "create", "training", *ENTRY, *DATES, "--json"
    )
    assert code == 0, told
    gathering = str(orjson.loads(told)["id"])
    async with installation.browser() as browser:
        person = Person(browser, f"copymark{next(_people)}.person@example.org")
        await _account(person)
        await _seat(person, gathering)

        installation.arm(process, point)
        details = ("/en/registration/account/details", {"company": "New Mill"})
        if process == "web":
            with pytest.raises(httpx2.TransportError):
                await person.fill(*details)
        else:
            await person.fill(*details)
        await installation.killed(process)
        installation.start(process)
        await installation.ready()
        await person.mail(lambda mail: mail["subject"] == TOLD, "that the seat is a copy")

        async def nothing_waits() -> bool:
            waiting = [
                await installation.ask("registration", "select from outbox"),
                await installation.ask("events", "select from changed_elsewhere"),
                await installation.ask("events", "select from mail"),
            ]
            return not any(waiting)

        await eventually(nothing_waits, "everything has been told")
        mails = [mail for mail in await person.mails() if mail["subject"] == TOLD]
        assert len({mail["message_id"] for mail in mails}) == 1
        sql = "select changed_since, company from seat where email = $1"
        (row,) = await installation.ask("events", sql, person.address)
        assert (row["changed_since"], row["company"]) == (["company"], "Old Mill")
        places = await installation.named("New Mill")
        assert places
        assert all("registration" in place for place in places), places
