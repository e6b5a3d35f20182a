"""A forgotten password: nothing is revealed, a link works once and for an hour."""

import asyncio

import httpx2
import pytest

from contracts.messages import SliceErased
from contracts.vocabulary import Reason
from tests.registration.site import PASSWORD, Site, posting_form

NEW = "eight grey cranes fly"
ACCOUNT = "/en/registration/account"


async def ask(site: Site, address: str) -> httpx2.Response:
    return await site.press("/en/registration/reset", {"email": address}, client=site.browser())


@pytest.mark.rule("R-ACC-03")
async def test_known_and_unknown_addresses_are_answered_alike_and_write_the_same_rows(
    site: Site,
) -> None:
    ada, stranger = site.address(), site.address()
    await site.account(ada)
    site.gate.opened.clear()

    known, unknown = await ask(site, ada), await ask(site, stranger)
    rows = []
    for address in (ada, stranger):
        sql = "select subject_id from reset_wish where email = $1"
        rows.append(await site.everything(await site.value(sql, address)))
    site.gate.opened.set()
    await site.idle()

    assert (known.status_code, known.headers["location"]) == (303, unknown.headers["location"])
    assert rows[0] == rows[1]
    assert len(await site.mails(ada, "/reset/")) == 1
    assert not site.mailbox(stranger)


@pytest.mark.rule("R-ACC-03", "R-CK-04")
async def test_the_link_works_once_and_ends_every_sign_in(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    browser = await site.signed_in(ada)
    await ask(site, ada)
    link = await site.link(ada, "/reset/")
    looked = [(await site.client.get(link)).status_code for _ in range(3)]
    weak = await site.press(link, {"chosen": "short"})

    answer = await site.press(link, {"chosen": NEW})
    dead = await site.client.get(link)
    old = await site.sign_in(ada, PASSWORD, client=site.browser())
    new = await site.sign_in(ada, NEW, client=site.browser())

    assert looked == [200, 200, 200]
    assert weak.status_code == 422
    assert (answer.status_code, dead.status_code) == (303, 404)
    assert (old.status_code, new.status_code) == (422, 303)
    assert (await browser.get(ACCOUNT)).status_code == 303
    (told,) = await site.mails(ada, "Your password was changed")
    assert NEW not in told.text


@pytest.mark.rule("R-ACC-03")
async def test_of_two_clicks_at_once_one_sets_the_password(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    await ask(site, ada)
    link = await site.link(ada, "/reset/")

    pages = [await site.client.get(link) for _ in range(2)]

    answers = await asyncio.gather(
        *(
            site.post(page, posting_form(page), {"chosen": f"{NEW} {number}"})
            for number, page in enumerate(pages)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [303, 404]


@pytest.mark.rule("R-ACC-03")
async def test_the_link_is_stored_as_a_digest_and_lives_an_hour(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    await ask(site, ada)
    link = await site.link(ada, "/reset/")
    sql = "select {} from token where subject_id = $1 and purpose = 'reset'"
    left = await site.value(sql.format("expires_at - now()"), subject_id)
    row = await site.value(sql.format("to_jsonb(token)"), subject_id)
    async with site.eraser.begin() as tx:
        sql = "update token set expires_at = now() where subject_id = $1 and purpose = 'reset'"
        await tx.execute(sql, subject_id)

    assert 0 < left.total_seconds() <= 3600
    assert link.rpartition("/")[2] not in str(row)
    assert (await site.client.get(link)).status_code == 404


@pytest.mark.rule("R-ACC-03")
async def test_a_wish_deletes_itself_with_a_receipt(site: Site) -> None:
    stranger = site.address()
    await ask(site, stranger)
    sql = "select subject_id from reset_wish where email = $1"
    subject_id = await site.value(sql, stranger)
    await site.idle()
    before = len(await site.told())

    await site.let_pass(subject_id, "wish-over")

    assert await site.everything(subject_id) == {}
    (receipt,) = [one for one in (await site.told())[before:] if isinstance(one, SliceErased)]
    assert receipt.reason is Reason.RETENTION_OVER


@pytest.mark.rule("R-ACC-03")
async def test_a_link_never_opens_for_an_account_that_is_not_confirmed(site: Site) -> None:
    ada = site.address()
    await site.sign_up(ada)
    await site.link(ada, "/confirm/")

    await ask(site, ada)
    await site.idle()

    assert not [mail for mail in site.mailbox(ada) if "/reset/" in str(mail.links)]
