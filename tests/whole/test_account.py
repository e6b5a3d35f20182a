"""An account on a whole installation: opened, used, ended, gone, and nobody else touched."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from demo.person import Person, forms_of
from tests.installation import Installation, eventually, receive_certificate
from tests.whole.someone import someone

pytestmark = pytest.mark.timeout(180)
PASSWORD = "seven blue herons wade"
ACCOUNT = "/en/registration/account"
DETAILS = (
    *("title", "first_name", "last_name", "company", "department"),
    *("street", "postal_code", "city", "telephone"),
)


@dataclass
class Holder:
    """Somebody with an account whose every word is a marker."""

    installation: Installation
    person: Person
    words: dict[str, str]

    @property
    def markers(self) -> list[str]:
        """Every word they type."""
        address = self.person.address
        return [address, address.partition("@")[0], *self.words.values()]

    async def sign_up(self, *, promotion: bool = False) -> None:
        """Fill the form and choose the password behind the mailed link."""
        tick = ("use", "promotion") if promotion else ("use",)
        before = len(await self.person.mails())
        typed = {"email": self.person.address, **self.words}
        await self.person.fill("/en/registration/sign-up", typed, tick=tick)
        link = await self.person.link("/registration/confirm/", after=before)
        answer = await self.person.fill(link, {"chosen": PASSWORD})
        assert answer.url.path.endswith("/confirmed")

    async def sign_in(self) -> None:
        """Sign in with the person's browser."""
        typed = {"email": self.person.address, "password": PASSWORD}
        answer = await self.person.fill("/en/registration/sign-in", typed)
        assert answer.url.path == ACCOUNT, answer.text

    async def places(self) -> list[str]:
        """Say where we still name them."""
        return await self.installation.named(*self.markers)


def holder(installation: Installation, browser: httpx2.AsyncClient) -> Holder:
    """Invent somebody."""
    one = someone(installation, browser)
    mark = one.names["first_name"]
    return Holder(installation, one.person, {name: f"{name}{mark}" for name in DETAILS})


@pytest.mark.rule("R-ACC-09", "R-17-01")
async def test_who_ends_an_account_is_nowhere_and_gets_a_certificate(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    ada = holder(installation, browser)
    async with installation.browser() as other:
        ben = holder(installation, other)
        await ben.sign_up()
        await ben.sign_in()
        await ada.sign_up(promotion=True)
        await ada.sign_in()
        assert await ada.places()

        answer = await ada.person.fill(f"{ACCOUNT}/end", {"password": PASSWORD})
        status = answer.url.path
        bundle = await receive_certificate(ada.person)
        await installation.closed()

        assert "/registration/requests/" in status
        assert b'"nonce"' in bundle
        assert not await ada.places(), "no row, statistic, message or log line names her"
        closed = await browser.get(status)
        assert "Done." in closed.text
        assert (await other.get(ACCOUNT)).status_code == 200


@pytest.mark.rule("R-ACC-09")
async def test_only_the_slice_that_is_ticked_goes_with_the_account(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    ada, ben = someone(installation, browser), someone(installation, browser)
    kept, gone = await ada.subscribe(), await ben.subscribe()
    for one, tick in ((ada, ()), (ben, ("newsletter",))):
        async with installation.browser() as own:
            account = Holder(installation, Person(own, one.address), {})
            await account.sign_up()
            await account.sign_in()
            page = await own.get(f"{ACCOUNT}/end")
            assert "newsletter" in forms_of(page.text)[-1].unticked
            await account.person.fill(f"{ACCOUNT}/end", {"password": PASSWORD}, tick=tick)
            await receive_certificate(account.person)
    await installation.closed()

    assert await ada.subscriptions() == [kept]
    assert gone not in await ben.subscriptions()
    assert not await ben.places()
    left = await installation.ask(
        "registration", "select from account where email = $1", ada.address
    )
    assert not left


@pytest.mark.rule("R-ACC-07")
async def test_taking_back_one_declaration_touches_no_other_service(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    ada = someone(installation, browser)
    kept = await ada.subscribe()
    account = Holder(installation, ada.person, {})
    await account.sign_up(promotion=True)
    await account.sign_in()

    await ada.person.fill(f"{ACCOUNT}/withdraw")
    sql = "select from account where email = $1"
    await installation.none_left("registration", sql, ada.address)

    assert await ada.subscriptions() == [kept]


@pytest.mark.rule("R-LOG-06")
async def test_visits_are_assigned_to_an_account_that_signs_in_and_go_with_it(
    installation: Installation,
) -> None:
    linked = """
        select subject_id, (select max(at) from visit v where v.subject_id = l.subject_id) as seen
          from visitor_link l join granted using (subject_id) where account_id = $1
    """
    for tick, browsers_left in ((("website",), 0), ((), 1)):
        async with installation.browser() as own, installation.browser() as other:
            ada = Holder(installation, someone(installation, own).person, {})
            await ada.sign_up()
            (account,) = await installation.ask(
                "registration",
                "select subject_id from account where email = $1",
                ada.person.address,
            )
            await ada.person.fill("/en/cookies", tick=("web_analytics",))
            await Person(other, ada.person.address).fill("/en/cookies", tick=("web_analytics",))
            await ada.sign_in()  # the other browser is never signed in

            async def is_linked(account: UUID = account["subject_id"]) -> Any:
                found = await installation.ask("website", linked, account)
                return found if found and found[0]["seen"] else None

            (visitor,) = await eventually(is_linked, "the visits are assigned to the account")
            await ada.person.fill(f"{ACCOUNT}/end", {"password": PASSWORD}, tick=tick)
            await receive_certificate(ada.person)
            await installation.closed()
        subject = visitor["subject_id"]
        await installation.none_left(
            "website", "select from visitor_link where account_id = $1", account["subject_id"]
        )
        await installation.none_left(
            "website",
            "select from visit where subject_id = $1 and at <= $2",
            subject,
            visitor["seen"],
        )
        left = await installation.ask(
            "website", "select from granted where subject_id = $1", subject
        )
        assert len(left) == browsers_left, tick


async def test_what_is_typed_to_sign_in_or_to_reset_stands_in_no_message_and_no_log(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    ada = someone(installation, browser)
    secret = f"pass phrase of {ada.names['first_name']}"

    refused = await ada.person.fill(
        "/en/registration/sign-in", {"email": ada.address, "password": secret}
    )
    await ada.person.fill("/en/registration/reset", {"email": ada.address})
    places = await installation.named(*ada.markers, secret)

    assert refused.status_code == 422
    assert all("registration" in place for place in places)


async def test_what_is_typed_on_the_account_page_stands_in_its_own_rows_and_passwords_nowhere(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    ada = holder(installation, browser)
    account = Holder(installation, ada.person, {})
    await account.sign_up()
    await account.sign_in()
    mark = ada.words["city"]
    secrets = [f"wrong{mark}", f"another wrong{mark}", f"new phrase {mark}"]
    other = f"new{mark}@example.org"

    await ada.person.fill(f"{ACCOUNT}/details", ada.words)
    await ada.person.fill(f"{ACCOUNT}/address", {"email": other, "password": PASSWORD})
    await ada.person.fill(f"{ACCOUNT}/end", {"password": secrets[0]})
    changing = {"password": secrets[1], "chosen": secrets[2]}
    await ada.person.fill(f"{ACCOUNT}/password", changing)
    changed = await ada.person.fill(f"{ACCOUNT}/password", {**changing, "password": PASSWORD})
    places = await installation.named(*ada.markers, other)

    assert "/sign-in/again" in changed.url.path
    assert places
    assert all("registration" in place for place in places)
    assert not await installation.named(*secrets)


@pytest.mark.rule("R-ACC-11")
async def test_a_hold_is_placed_by_a_command_that_asks_for_the_address(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    ada = Holder(installation, someone(installation, browser).person, {})
    await ada.sign_up()
    hold = ("registration", "hold", "records", "--until", "2031-12-31", "--json")

    code, told = await installation.command(*hold, typed=f"{ada.person.address}\n")
    nobody, _ = await installation.command(*hold, typed="nobody.at.all@example.org\n")
    past, _ = await installation.command(*hold[:3], "--until", "2001-01-01", typed="\n")
    unknown, _ = await installation.command("registration", "hold", "x", "--until", "2031-12-31")

    assert (code, nobody, past, unknown) == (0, 1, 1, 1), told
    sql = "select reference from hold join account using (subject_id) where email = $1"
    (row,) = await installation.ask("registration", sql, ada.person.address)
    assert row["reference"] == "hgb-257"
    assert "legal-obligation" in told
    assert '"until":"2031-12-31T23:00:00+00:00"' in told, "to the end of its last day, in Berlin"


@pytest.mark.rule("R-ACC-06")
async def test_a_promotion_goes_from_the_command_line_to_who_agreed(
    installation: Installation, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    ada = Holder(installation, someone(installation, browser).person, {})
    await ada.sign_up(promotion=True)
    folder = tmp_path / "guides"
    folder.mkdir()
    for lang in ("de", "en"):
        (folder / f"{lang}.md").write_text(f"---\nsubject: Guides {lang}\n---\nRead them.\n")

    dry, _ = await installation.command("registration", "promote", str(folder), "--dry-run")
    code, told = await installation.command("registration", "promote", str(folder), "--json")
    again, same = await installation.command("registration", "promote", str(folder), "--json")
    counted, counts = await installation.command("registration", "accounts", "--json")

    assert (dry, code, again, counted) == (0, 0, 0, 0), told
    assert told == same
    assert '"promoted":' in counts
    await ada.person.mail(lambda mail: mail["subject"] == "Guides en", "the promotion")
