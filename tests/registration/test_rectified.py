"""A change of an account is told by its fields' names, and found again after a backup came back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio

from contracts.messages import DataRectified
from services.registration import rectifying
from services.registration.declaration import SERVICE
from services.registration.store import changes
from shared.saga.claim_client import changes_path
from shared.saga.credentials import bearer, own_credential
from shared.web import internal_app
from tests.registration.site import PASSWORD, Site

ACCOUNT = "/en/registration/account"
BEFORE = {"company": "Old Mill", "city": "Bonn"}


async def changed(site: Site, **details: str) -> tuple[UUID, str, list[DataRectified]]:
    """Open an account, change details; gives subject, address, and what was told of it."""
    ada = site.address()
    subject_id = await site.account(ada, details=BEFORE)
    before = len(await site.told())
    browser = await site.signed_in(ada)
    for name, value in details.items():
        answer = await site.press(f"{ACCOUNT}/details", {name: value}, client=browser)
        assert answer.status_code == 303
    told = [one for one in (await site.told())[before:] if isinstance(one, DataRectified)]
    return subject_id, ada, told


def line(message: DataRectified, source: str = SERVICE.name) -> Any:
    """Give a message as consumed."""
    return SimpleNamespace(message=message, event=SimpleNamespace(source=source))


@pytest.mark.rule("R-ACC-08", "R-ACC-10")
async def test_a_change_is_told_with_names_of_fields_under_an_id_used_once(site: Site) -> None:
    subject_id, _, told = await changed(site, company="New Mill", city="", telephone="0228 1")

    assert [one.fields for one in told] == [("company",), ("city",), ("telephone",)]
    ids = [one.rectification_id for one in told]
    assert len({*ids, subject_id}) == 4, "two changes of one account have nothing in common"
    assert not [one for one in told if "Mill" in one.model_dump_json()]


@pytest.mark.rule("R-ACC-10")
async def test_a_change_of_address_is_told_and_nothing_where_nothing_changes(site: Site) -> None:
    old, new = site.address(), site.address()
    subject_id = await site.account(old, details=BEFORE)
    browser = await site.signed_in(old)
    before = len(await site.told())

    await site.press(f"{ACCOUNT}/details", {"city": "Bonn"}, client=browser)
    await site.press(f"{ACCOUNT}/address", {"email": new, "password": PASSWORD}, client=browser)
    none_yet = [one for one in (await site.told())[before:] if isinstance(one, DataRectified)]
    await site.press(await site.link(new, "/address/"))
    await site.restrict(subject_id)
    refused = await site.press(
        f"{ACCOUNT}/details", {"city": "Köln"}, client=await site.signed_in(new)
    )

    assert not none_yet
    assert refused.status_code == 403
    told = [one for one in (await site.told())[before:] if isinstance(one, DataRectified)]
    assert [one.fields for one in told] == [("email",)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inside(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the internal listener's pages."""
    web = internal_app(site.settings, [SERVICE.part()])
    transport = httpx2.ASGITransport(app=web)
    async with httpx2.AsyncClient(transport=transport, base_url="http://inside") as client:
        yield client
    await web.state.web.close()


async def ask(site: Site, client: httpx2.AsyncClient, caller: str, *ids: UUID) -> httpx2.Response:
    """Ask whose changes were."""
    return await client.post(
        changes_path(SERVICE.name),
        json={"requests": [str(one) for one in ids]},
        headers=bearer(own_credential(site.settings, caller)),
    )


@pytest.mark.rule("R-ACC-10")
async def test_who_holds_copies_may_ask_at_which_address_and_nobody_else(
    site: Site, inside: httpx2.AsyncClient
) -> None:
    _, ada, (told,) = await changed(site, company="New Mill")
    change, unknown = told.rectification_id, uuid4()

    answer = await ask(site, inside, "events", change, unknown)
    others = [await ask(site, inside, name, change) for name in ("contact", "events_verifier")]

    assert answer.json() == {
        str(change): {"aliases": [{"kind": "address", "address": ada}]},
        str(unknown): {"gone": True},
    }
    assert [one.status_code for one in others] == [403, 403]
    sql = "select array_agg(answer order by answer) from claim_audit where $1 = any(request_ids)"
    assert await site.value(sql, change) == ["aliases"]


@pytest.mark.rule("R-ACC-10")
async def test_the_old_address_is_told_of_a_new_one_and_of_details_both(
    site: Site, inside: httpx2.AsyncClient
) -> None:
    old, new = sorted((site.address(), site.address()))
    await site.account(old, details=BEFORE)
    before = len(await site.told())
    browser = await site.signed_in(old)
    await site.press(f"{ACCOUNT}/address", {"email": new, "password": PASSWORD}, client=browser)
    await site.press(await site.link(new, "/address/"))
    await site.press(f"{ACCOUNT}/details", {"city": "Köln"}, client=await site.signed_in(new))
    told = [one for one in (await site.told())[before:] if isinstance(one, DataRectified)]
    ids = [one.rectification_id for one in told]

    answers = (await ask(site, inside, "events", *ids)).json()

    found = [[alias["address"] for alias in answers[str(one)]["aliases"]] for one in ids]
    assert found == [[old], [old, new]]


@pytest.mark.rule("R-ACC-10", "R-18-01")
async def test_of_a_restricted_account_later_of_an_ended_or_long_past_one_nothing(
    site: Site, inside: httpx2.AsyncClient
) -> None:
    frozen, _, (first,) = await changed(site, company="New Mill")
    ended, _, (second,) = await changed(site, company="New Mill")
    past, _, (third,) = await changed(site, company="New Mill")
    await site.restrict(frozen)
    async with site.eraser.begin() as tx:
        await tx.execute("update account set ended_at = now() where subject_id = $1", ended)
        await tx.execute(
            "update account_change set changed_at = now() - $2::interval where subject_id = $1",
            past, rectifying.ANSWERED_FOR + timedelta(minutes=1),
        )  # fmt: skip

    ids = [one.rectification_id for one in (first, second, third)]
    answers = (await ask(site, inside, "events", *ids)).json()

    assert [answers[str(one)] for one in ids] == [{"later": True}, {"gone": True}, {"gone": True}]


async def bring_back(site: Site, subject_id: UUID, before: UUID) -> None:
    """Put the account's row back to what a backup from before the change holds."""
    async with site.eraser.begin() as tx:
        await tx.execute("delete from account_change where subject_id = $1", subject_id)
        await tx.execute(
            "update account set company = 'Old Mill', next_change = $2 where subject_id = $1",
            subject_id, before,
        )  # fmt: skip


async def hear(site: Site, *lines: Any) -> None:
    """Let registration read its own messages."""
    async with site.eraser.begin() as tx:
        await SERVICE.reactions[DataRectified](tx, lines)


@pytest.mark.rule("R-ACC-10", "R-18-01")
async def test_an_account_from_a_backup_older_than_its_change_is_stored_and_nothing_else(
    site: Site,
) -> None:
    ada, email, told = await changed(site, company="New Mill", city="Köln")
    ben, _, others = await changed(site, company="New Mill")
    await hear(site, *map(line, (*told, *others)))  # in ordinary running nothing follows
    restricted = "select restricted_at is not null from subject where subject_id = $1"
    ordinary = [await site.value(restricted, one) for one in (ada, ben)]

    await bring_back(site, ada, told[0].rectification_id)
    await hear(site, line(told[0], source="events"))  # nobody else's word freezes
    stranger = await site.value(restricted, ada)
    await hear(site, *map(line, (*told, *others)))
    await hear(site, *map(line, (*told, *others)))

    assert (ordinary, stranger) == ([False, False], False)
    assert [await site.value(restricted, one) for one in (ada, ben)] == [True, False]
    browser = await site.signed_in(email)
    page = await browser.get(ACCOUNT)
    assert "come from a backup" in page.text
    refused = await site.press(f"{ACCOUNT}/details", {"city": "Aachen"}, client=browser)
    assert refused.status_code == 403
    async with site.eraser.begin() as tx:
        (waiting,) = await changes.outdated(tx)
    assert (waiting["subject_id"], waiting["fields"]) == (ada, ["company"])


@pytest.mark.rule("R-ACC-10", "R-18-01")
@pytest.mark.parametrize("restricted", [False, True])
async def test_an_officer_lifts_what_was_restricted_for_this_and_nothing_else(
    site: Site, *, restricted: bool
) -> None:
    ada, email, (told,) = await changed(site, company="New Mill")
    await bring_back(site, ada, told.rectification_id)
    if restricted:
        await site.restrict(ada)
    await hear(site, line(told))

    async with site.eraser.begin() as tx:
        released = [await changes.thaw(tx, ada), await changes.thaw(tx, ada)]

    assert released == [True, False]
    sql = "select restricted_at is not null from subject where subject_id = $1"
    assert await site.value(sql, ada) is restricted
    browser = await site.signed_in(email)
    answer = await site.press(f"{ACCOUNT}/details", {"company": "New Mill"}, client=browser)
    assert answer.status_code == (403 if restricted else 303)
