"""One declaration taken back the way its page gives: nothing else of anybody changes, in no slice.

Two people share an address, and each has everything that there is to agree to. After each
withdrawal, and after the clock has done what follows from it, the rows of all databases are those
of before but for the rows of that relationship; where it stays, but for that declaration.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio

from contracts.purposes import PURPOSES, Basis
from services.events import organising
from services.events.rules.gathering import plan, read_slots
from services.registry import SERVICES
from services.website.forms import field_of
from services.website.rules.choices import OFFERED
from shared.database import Database
from shared.slice.endings import ending_actions
from tests.clock import run_all_due
from tests.house.house import House

ADDRESS = "shared.by.two@example.org"
PASSWORD = "seven blue herons wade"
PATH = ("token", "gathering")
ASKED = ("web.analytics", "web.personalise")
# What an act leaves besides rows of people: what was told, which form was answered, receipts.
TRACES = {"outbox", "receipt", "receipt_record", "form_answer"}
# How many seats are taken; and a browser's key, which turns with each choice.
SHARED = {("events", "gathering"), ("website", "granted")}
Take = Callable[[House, "Somebody"], Awaitable[httpx2.Response]]


@dataclass
class Somebody:
    """A person: their links, their relationship by purpose, what they have ticked.

    They choose on the site with a browser of its own: what is known of it are their own visits.
    """

    browser: httpx2.AsyncClient
    other: httpx2.AsyncClient
    ticked: set[str] = field(default_factory=lambda: set(ASKED))
    links: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, UUID] = field(default_factory=dict)

    async def subscribe(self, house: House, address: str) -> None:
        """Get the newsletter."""
        await self.begin(house, "newsletter/subscribe", email=address)
        subject = await newest(house, "newsletter")
        token = await house.token("newsletter", subject, "confirm")
        await self.begin(house, "newsletter/confirm", token=token)
        self.links["newsletter.send"] = await house.token("newsletter", subject, "unsubscribe")
        self.subjects["newsletter.send"] = subject

    async def register(self, house: House, address: str, gathering: UUID) -> None:
        """Have a seat, with survey and material."""
        entries = {"email": address, "street": "Lane 1", "postal_code": "1", "city": "Bonn"}
        await self.begin(house, "events/register", gathering=str(gathering), **entries)
        subject = await newest(house, "events")
        await self.begin(
            house, "events/confirm", token=await house.token("events", subject, "confirm")
        )
        link = await house.token("events", subject, "seat")
        for purpose in ("event.registration", "event.survey", "event.material"):
            self.links[purpose], self.subjects[purpose] = link, subject

    async def write(self, house: House, address: str) -> None:
        """Ask something."""
        await self.begin(house, "contact/message", email=address)
        self.subjects["contact.reply"] = await newest(house, "contact")
        self.links["contact.reply"] = await house.token(
            "contact", self.subjects["contact.reply"], "case"
        )

    async def sign_up(self, house: House, address: str) -> None:
        """Have an account with both declarations, and be signed in."""
        await self.begin(house, "registration/sign-up", email=address)
        subject = await newest(house, "registration")
        token = await house.token("registration", subject, "confirm")
        await self.begin(house, "registration/confirm", token=token, chosen=PASSWORD)
        await self.begin(house, "registration/sign-in", email=address, password=PASSWORD)
        for purpose in ("account.use", "account.promo_email"):
            self.subjects[purpose] = subject

    async def choose(self, house: House) -> None:
        """Allow what this site asks for without trackers."""
        await self.tick(house)
        await self.other.get("/en/")  # from now on it is known that the browser keeps its choice
        for purpose in ASKED:
            sql = """
                select subject_id from granted join consent using (subject_id)
                 where granted.purpose = $1 order by granted_at desc limit 1
                """
            self.subjects[purpose] = await house.value("website", sql, purpose)

    async def tick(self, house: House) -> httpx2.Response:
        """Save the boxes as they are ticked now."""
        empty = {field_of(one): "" for one in OFFERED if one not in self.ticked}
        return await house.post(self.other, "website/choices", None, **empty)

    async def begin(self, house: House, key: str, **entries: str) -> None:
        """Send a form that must be taken."""
        answer = await press(house, self, key, **entries)
        assert answer.status_code == 303, (key, answer.status_code, answer.text)


async def press(house: House, who: Somebody, key: str, **entries: str) -> httpx2.Response:
    """Send a form in somebody's browser; what stands in its path is among the entries."""
    path: dict[str, str] = {name: entries.pop(name) for name in PATH if name in entries}
    return await house.post(who.browser, key, path, **entries)


async def newest(house: House, service: str) -> UUID:
    """Give the subject that began last."""
    sql = "select subject_id from subject order by begun_at desc limit 1"
    return UUID(str(await house.value(service, sql)))


def by_link(key: str, purpose: str) -> Take:
    """Press the button behind the link that a mail carries."""

    async def take(house: House, who: Somebody) -> httpx2.Response:
        return await press(house, who, key, token=who.links[purpose])

    return take


def by_account(key: str) -> Take:
    """Press a button of the account page."""

    async def take(house: House, who: Somebody) -> httpx2.Response:
        return await press(house, who, key)

    return take


def by_choice(purpose: str) -> Take:
    """Untick one box."""

    async def take(house: House, who: Somebody) -> httpx2.Response:
        who.ticked.remove(purpose)
        return await who.tick(house)

    return take


# Those that end their relationship stand last in their service.
WAYS: dict[str, Take] = {
    "newsletter.send": by_link("newsletter/unsubscribe", "newsletter.send"),
    "event.survey": by_link("events/no-survey", "event.survey"),
    "event.material": by_link("events/no-material", "event.material"),
    "event.registration": by_link("events/cancel", "event.registration"),
    "contact.reply": by_link("contact/end", "contact.reply"),
    "account.promo_email": by_account("registration/disagree"),
    "account.use": by_account("registration/withdraw"),
    **{purpose: by_choice(purpose) for purpose in ASKED},
}
STAYS = {"event.survey", "event.material", "account.promo_email"}


def test_every_declaration_is_taken_back_here() -> None:
    consents = {one.id for one in PURPOSES.values() if one.basis is Basis.CONSENT and not one.ended}

    trackers = {one for one in consents if one.startswith("tracker.")}
    assert consents - trackers == set(WAYS), "trackers are boxes of the same form as these"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(house: House) -> tuple[Somebody, Somebody]:
    """Let two people have everything; a subscription and an account have one address each."""
    async with (await house.pool("events")).begin() as tx:
        dates = read_slots(["2099-03-01 09:00 - 17:00"])
        titles = {"de": "Ordnung", "en": "Order"}
        made = plan("event", titles, "Bonn", 9, dates, listed=True, now=tx.now)
        gathering = await organising.enter(tx, made)
    ada, ben = (Somebody(house.client(public=True), house.client(public=True)) for _ in range(2))
    for who, own in zip((ada, ben), (ADDRESS, "somebody.else@example.org"), strict=True):
        await who.subscribe(house, own)
        await who.register(house, ADDRESS, gathering)
        await who.write(house, ADDRESS)
        await who.sign_up(house, own)
        await who.choose(house)
    async with asyncio.timeout(20):  # a visit is written a little later
        while await house.value("website", "select count(*) from visit") < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return ada, ben


@pytest.mark.rule("R-7-01", "R-EV-04", "R-ACC-07", "R-CT-08", "R-CK-08", "R-NL-08")
@pytest.mark.parametrize("purpose", WAYS)
async def test_one_declaration_is_taken_back_and_nothing_else_changes(
    house: House, people: tuple[Somebody, Somebody], purpose: str
) -> None:
    ada, ben = people
    subject, service = str(ada.subjects[purpose]), PURPOSES[purpose].owner
    before = await house.rows()

    answer = await WAYS[purpose](house, ada)
    await let_clock_work(house, service)

    assert answer.status_code == 303, answer.text
    after = await house.rows()
    changed = {
        (*place, row)
        for place in before.keys() | after.keys()
        for row in different(before[place], after[place])
        if place[1] not in TRACES
    }
    assert {place[:2] for place in changed} >= {(service, "consent")}
    assert {one for one in changed if one[0] != service} == set(), "no other slice"
    others = {one for one in changed if subject not in one[2] and one[:2] not in SHARED}
    assert others == set(), "no other relationship, of this person or of another one"
    consents = {one[2] for one in changed if one[1] == "consent"}
    if purpose in STAYS:
        assert all(purpose in one for one in consents), "no other declaration"
    left = await house.value(
        service, "select count(*) from consent where subject_id = $1", ben.subjects[purpose]
    )
    assert left == sum(one == ben.subjects[purpose] for one in ben.subjects.values())


def different(before: Counter[str], after: Counter[str]) -> Counter[str]:
    """Give the rows that came or went."""
    return (before - after) + (after - before)


async def let_clock_work(house: House, service: str) -> None:
    """Do what is due in a slice, as its worker does."""
    declared = next(one for one in SERVICES if one.name == service)
    assert declared.inventory is not None
    eraser = await Database.connect(house.settings, service, "eraser", signer=house.signer(service))
    try:
        endings = ending_actions(declared.inventory, declared.endings)
        await run_all_due(eraser, {**endings, **declared.actions})
    finally:
        await eraser.close()
