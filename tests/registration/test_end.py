"""Ending an account with the password: erasure first, other slices only where ticked."""

import asyncio

import asyncpg
import orjson
import pytest

from contracts.messages import ErasureRequested, SliceErased
from contracts.vocabulary import Ground, Identity, Outcome
from services.registration.inventory import HOLDS
from services.registration.store.addresses import find_subjects
from shared.inventory import place_hold
from shared.saga.claims import Claim
from tests.registration.site import PASSWORD, Site, posting_form

ACCOUNT = "/en/registration/account"
END = f"{ACCOUNT}/end"


@pytest.mark.rule("R-ACC-09")
async def test_the_dialogue_offers_the_live_slices_unticked(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    browser = await site.signed_in(ada)

    page = await browser.get(END)

    assert 'name="newsletter"' in page.text
    assert "checked" not in page.text
    assert 'name="contact"' not in page.text


@pytest.mark.rule("R-ACC-09")
async def test_nothing_ends_without_the_password(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    before = len(await site.told())

    answer = await site.press(END, {"password": "not hers at all"}, client=browser)

    assert answer.status_code == 422
    assert (await site.everything(subject_id))["account"] == 1
    assert len(await site.told()) == before


@pytest.mark.rule("R-ACC-09", "R-CK-04")
async def test_the_request_comes_first_and_the_account_is_erased_with_it(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True, details={"first_name": "Ada"})
    browser, other = await site.signed_in(ada), await site.signed_in(ada)
    await site.idle()
    before = len(await site.told())

    answer = await site.press(END, {"password": PASSWORD}, client=browser)
    page = await browser.get(answer.headers["location"])

    assert (answer.status_code, page.status_code) == (303, 200)
    assert "Your account is being erased" in page.text
    assert ada not in page.text
    assert not dict(browser.cookies)
    assert (await other.get("/en/documents/letters-answered")).status_code == 401
    assert await site.everything(subject_id) == {}
    told = (await site.told())[before:]
    requested = next(one for one in told if isinstance(one, ErasureRequested))
    receipt = next(one for one in told if isinstance(one, SliceErased))
    assert told.index(requested) < told.index(receipt)
    assert requested.scope == requested.participants == ("registration",)
    assert requested.identity is Identity.SIGNED_IN
    assert (receipt.request_id, receipt.outcome) == (requested.request_id, Outcome.DELETED)
    sql = "select array_agg(concat(kind, ' ', service)) from alias where request_id = $1"
    assert await site.value(sql, requested.request_id) == [
        "address ",
        "subject registration",
    ]


@pytest.mark.rule("R-ACC-09")
async def test_a_tick_widens_the_scope_and_nothing_else_does(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    browser = await site.signed_in(ada)
    await site.idle()
    before = len(await site.told())

    await site.press(END, {"password": PASSWORD}, client=browser, tick=("newsletter",))

    told = (await site.told())[before:]
    (requested,) = [one for one in told if isinstance(one, ErasureRequested)]
    assert requested.scope == requested.participants == ("newsletter", "registration")


@pytest.mark.rule("R-ACC-09")
async def test_two_clicks_make_one_request(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    one, two = await site.signed_in(ada), await site.signed_in(ada)
    await site.idle()
    before = len(await site.told())

    pages = [(await client.get(END), client) for client in (one, two)]
    await asyncio.gather(
        *(
            site.post(page, posting_form(page), {"password": PASSWORD}, client)
            for page, client in pages
        )
    )

    told = (await site.told())[before:]
    assert len([message for message in told if isinstance(message, ErasureRequested)]) == 1


@pytest.mark.rule("R-ACC-09", "R-18-01")
async def test_a_restricted_account_can_be_ended(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    await site.idle()  # or a mail is under way, which the end waits for
    await site.restrict(subject_id)
    browser = await site.signed_in(ada)

    answer = await site.press(END, {"password": PASSWORD}, client=browser)

    assert answer.status_code == 303
    assert await site.everything(subject_id) == {}


@pytest.mark.rule("R-ACC-11")
async def test_a_hold_keeps_its_fields_to_its_day_and_the_receipt_says_so(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(
        ada, promotion=True, details={"first_name": "Ada", "telephone": "12345"}
    )
    (contract, _) = HOLDS
    async with site.eraser.begin() as tx:
        until = await tx.fetchval("select now() + interval '10 d'")
        await place_hold(tx, subject_id, contract, until)
    browser = await site.signed_in(ada)
    await site.idle()
    before = len(await site.told())

    await site.press(END, {"password": PASSWORD}, client=browser)

    receipt = next(one for one in (await site.told())[before:] if isinstance(one, SliceErased))
    (held,) = receipt.held
    assert receipt.outcome is Outcome.HELD
    assert (held.ground, held.reference, held.rows) == (Ground.CONTRACT, "gdpr-6-1b", 1)
    assert held.until == until
    assert await site.everything(subject_id) == {}  # promotion, sessions, telephone: gone
    kept = await _held(site)
    assert (kept["email"], kept["first_name"]) == (ada, "Ada")
    assert "telephone" not in kept


async def _held(site: Site) -> dict[str, str]:
    holder = await asyncpg.connect(site.settings.database_url("registration", "holder"))
    fields = orjson.loads(await holder.fetchval("select fields from held"))
    await holder.close()
    return dict(fields["row"])


@pytest.mark.rule("R-ACC-10")
async def test_erasing_finds_by_the_address_now_and_a_while_ago_but_not_by_a_wish(
    site: Site,
) -> None:
    old, new, typed = site.address(), site.address(), site.address()
    subject_id = await site.account(old)
    browser = await site.signed_in(old)
    values = {"email": new, "password": PASSWORD}
    await site.press(f"{ACCOUNT}/address", values, client=browser)
    await site.press(await site.link(new, "/address/"))
    values = {"email": typed, "password": PASSWORD}
    await site.press(f"{ACCOUNT}/address", values, client=browser)

    found = {}
    for address in (old, new, typed):
        async with site.eraser.begin() as tx:
            now = await tx.fetchval("select clock_timestamp()")
            claim = Claim(subject_id, now, (address,))
            found[address] = (await find_subjects(tx, [claim], now)).get(subject_id, set())

    assert subject_id in found[old] & found[new]
    assert subject_id not in found[typed]
    assert len(found[typed]) == 1
