"""The account page: declarations given and taken back, details changed, an address moved."""

import itertools
from datetime import timedelta

import asyncpg
import pytest

from contracts.messages import ConsentGranted, ConsentWithdrawn, SliceErased
from contracts.vocabulary import Method, Reason
from services.registration.prefill import look_up
from services.registration.settings import PROMOTION, STOP, USE
from shared.web import new_token
from shared.web.guard import session_digest
from tests.registration.site import PASSWORD, Site, path_of, posting_form

ACCOUNT = "/en/registration/account"
OTHER = "eight grey herons wade"
_marks = itertools.count(1)


def mark() -> str:
    """Give a word that stands nowhere else."""
    return f"zqmark{next(_marks)}zq"


async def found_anywhere(site: Site, *markers: str) -> list[str]:
    """Search every row of every table, the planner's statistics and the outbox for markers."""
    owner = await asyncpg.connect(site.settings.database_url("registration", "owner"))
    await owner.execute("analyze")
    rows = await owner.fetch(
        """
        select relname from pg_catalog.pg_class
         where relkind = 'r' and relnamespace = 'public'::regnamespace
        """
    )
    found = []
    for name in [*(f'"{row["relname"]}"' for row in rows), "pg_stats"]:
        sql = f"select count(*) from {name} t where t::text like any($1::text[])"
        if await owner.fetchval(sql, [f"%{one}%" for one in markers]):
            found.append(name)
    values = await owner.fetch("select value from outbox")
    found += ["outbox value" for row in values if any(m.encode() in row["value"] for m in markers)]
    await owner.close()
    return found


@pytest.mark.rule("R-ACC-04", "R-ACC-07")
async def test_promotion_is_given_and_taken_back_and_the_account_stays(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    before = len(await site.told())

    await site.press(ACCOUNT, client=browser, action="/promotion")
    page = await browser.get(ACCOUNT)
    answer = await site.press(ACCOUNT, client=browser, action="/promotion/end")
    await site.clock()

    assert "/promotion/end" in page.text
    assert answer.status_code == 303
    told = (await site.told())[before:]
    (granted,) = [one for one in told if isinstance(one, ConsentGranted)]
    (ended,) = [one for one in told if isinstance(one, ConsentWithdrawn)]
    assert (granted.purpose, granted.form, granted.method) == (
        PROMOTION,
        "agree",
        Method.PREFERENCES,
    )
    assert (ended.consent_id, ended.method) == (granted.consent_id, Method.PREFERENCES)
    assert (await browser.get(ACCOUNT)).status_code == 200
    purposes = "select array_agg(purpose) from consent where subject_id = $1"
    assert await site.value(purposes, subject_id) == [USE]


@pytest.mark.rule("R-ACC-04")
async def test_promotion_given_twice_holds_once(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    page = await browser.get(ACCOUNT)
    form = posting_form(page, "/promotion")

    answers = [await site.post(page, form, client=browser) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert (await site.everything(subject_id))["consent"] == 2


@pytest.mark.rule("R-ACC-07", "R-CK-04", "R-7-01")
async def test_taking_back_the_account_itself_ends_it_at_once_and_deletes_it(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True, details={"first_name": "Ada"})
    browser, other = await site.signed_in(ada), await site.signed_in(ada)
    before = len(await site.told())

    answer = await site.press(f"{ACCOUNT}/withdraw", client=browser)
    closed = [
        (await other.get(path)).status_code for path in (ACCOUNT, "/en/documents/letters-answered")
    ]
    refused = await site.sign_in(ada, client=site.browser())
    await site.idle()
    await site.clock()

    assert answer.headers["location"].endswith("/ended")
    assert (closed, refused.status_code) == ([303, 401], 422)
    assert await site.everything(subject_id) == {}
    told = (await site.told())[before:]
    ended = [one for one in told if isinstance(one, ConsentWithdrawn)]
    (receipt,) = [one for one in told if isinstance(one, SliceErased)]
    assert {one.purpose: one.method for one in ended} == {
        USE: Method.PREFERENCES,
        PROMOTION: Method.PREFERENCES,
    }
    assert (receipt.reason, receipt.request_id) == (Reason.WITHDRAWN, None)


@pytest.mark.rule("R-ACC-08")
async def test_after_a_change_the_old_values_are_nowhere(site: Site) -> None:
    ada, old, new = site.address(), mark(), mark()
    names = ("title", "first_name", "last_name", "company", "department", "street", "postal_code")
    subject_id = await site.account(ada, details=dict.fromkeys((*names, "city", "telephone"), old))
    browser = await site.signed_in(ada)
    page = await browser.get(f"{ACCOUNT}/details")
    assert page.text.count(old) == 9
    assert await found_anywhere(site, old) == ['"account"']

    answer = await site.press(
        f"{ACCOUNT}/details", dict.fromkeys((*names, "city", "telephone"), new), client=browser
    )

    assert answer.status_code == 303
    assert await found_anywhere(site, old) == []
    assert await found_anywhere(site, new) == ['"account"']
    noted = "select fields from account_change where subject_id = $1"
    assert set(await site.value(noted, subject_id)) == {*names, "city", "telephone"}
    assert new in (await browser.get(ACCOUNT)).text


@pytest.mark.rule("R-ACC-08")
async def test_what_is_not_changed_is_not_noted_and_a_field_can_be_emptied(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada, details={"first_name": "Ada", "city": "Bonn"})
    browser = await site.signed_in(ada)

    await site.press(f"{ACCOUNT}/details", {"city": ""}, client=browser)

    noted = "select fields from account_change where subject_id = $1"
    assert await site.value(noted, subject_id) == ["city"]
    row = await site.value("select to_jsonb(a) from account a where subject_id = $1", subject_id)
    assert (row["first_name"], row["city"]) == ("Ada", None)


@pytest.mark.rule("R-ACC-08", "R-18-01")
async def test_a_restricted_account_changes_nothing_and_takes_consents_back(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada, promotion=True, details={"city": "Bonn"})
    await site.restrict(subject_id)
    browser = await site.signed_in(ada)

    changed = await site.press(f"{ACCOUNT}/details", {"city": "Köln"}, client=browser)
    ended = await site.press(ACCOUNT, client=browser, action="/promotion/end")

    assert (changed.status_code, ended.status_code) == (403, 303)
    city = "select city from account where subject_id = $1"
    assert await site.value(city, subject_id) == "Bonn"
    purposes = "select array_agg(purpose) from consent where subject_id = $1"
    assert await site.value(purposes, subject_id) == [USE]


@pytest.mark.rule("R-ACC-10")
async def test_a_new_address_confirms_first_and_the_old_one_is_told(site: Site) -> None:
    old, new = site.address(), site.address()
    subject_id = await site.account(old)
    browser = await site.signed_in(old)
    wrong = await site.press(
        f"{ACCOUNT}/address", {"email": new, "password": "not hers at all"}, client=browser
    )
    await site.press(f"{ACCOUNT}/address", {"email": new, "password": PASSWORD}, client=browser)
    link = await site.link(new, "/address/")
    looked = await site.client.get(link)
    still = await site.subject(old)

    answer = await site.press(link)
    (told,) = await site.mails(old, "Your account has another address now")
    again = await site.press("/en/registration/sign-in", {"email": new, "password": PASSWORD})
    gone = await site.sign_in(old, client=site.browser())

    assert (wrong.status_code, looked.status_code, answer.status_code) == (422, 200, 303)
    assert new not in looked.text
    assert still == subject_id == await site.subject(new)
    assert new not in told.text
    assert (again.status_code, gone.status_code) == (303, 422)
    site.client.cookies.clear()


@pytest.mark.rule("R-ACC-10")
async def test_open_links_die_with_a_change_of_address(site: Site) -> None:
    old, new = site.address(), site.address()
    await site.account(old)
    browser = await site.signed_in(old)
    await site.press("/en/registration/reset", {"email": old}, client=site.browser())
    reset = await site.link(old, "/reset/")
    await site.press(f"{ACCOUNT}/address", {"email": new, "password": PASSWORD}, client=browser)

    await site.press(await site.link(new, "/address/"))

    assert (await site.client.get(reset)).status_code == 404


@pytest.mark.rule("R-ACC-08", "R-ACC-10")
async def test_the_old_address_is_findable_for_a_day_and_then_nowhere(site: Site) -> None:
    old, new = site.address(), site.address()
    subject_id = await site.account(old)
    browser = await site.signed_in(old)
    await site.press(f"{ACCOUNT}/address", {"email": new, "password": PASSWORD}, client=browser)
    await site.press(await site.link(new, "/address/"))
    await site.mails(old, "Your account has another address now")
    await site.idle()
    sql = "select subject_id from former_address where account_id = $1"
    former = await site.value(sql, subject_id)
    before = len(await site.told())

    await site.let_pass(former, "replaced")

    assert await found_anywhere(site, old) == []
    receipts = [one for one in (await site.told())[before:] if isinstance(one, SliceErased)]
    assert [one.reason for one in receipts if one.rows.get("former_address")] == [Reason.REPLACED]
    assert (await browser.get(ACCOUNT)).status_code == 200


@pytest.mark.rule("R-ACC-10")
async def test_an_address_that_another_account_has_is_not_taken_and_not_shown(
    site: Site,
) -> None:
    ada, eve = site.address(), site.address()
    await site.account(ada)
    mine = await site.account(eve)
    browser = await site.signed_in(eve)
    free, known = [
        await site.press(
            f"{ACCOUNT}/address", {"email": email, "password": PASSWORD}, client=browser
        )
        for email in (site.address(), ada)
    ]

    (mail,) = await site.mails(ada, "This address has an account already")

    assert free.headers["location"] == known.headers["location"]
    assert not [link for link in mail.links if "/address/" in link]
    assert await site.subject(eve) == mine


@pytest.mark.rule("R-ACC-10")
async def test_a_second_wish_ends_the_link_of_the_first(site: Site) -> None:
    ada, one, two = site.address(), site.address(), site.address()
    await site.account(ada)
    browser = await site.signed_in(ada)
    for email in (one, two):
        await site.press(
            f"{ACCOUNT}/address", {"email": email, "password": PASSWORD}, client=browser
        )
        await site.mails(email, "/address/")

    first = await site.client.get(await site.link(one, "/address/"))
    second = await site.press(await site.link(two, "/address/"))
    await site.clock()

    assert (first.status_code, second.headers["location"]) == (
        404,
        "/en/registration/address-changed",
    )
    assert await site.value("select count(*) from new_address where email = $1", one) == 0


async def test_a_new_password_needs_the_old_one_and_signs_everybody_out(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    browser, other = await site.signed_in(ada), await site.signed_in(ada)
    path, chosen = f"{ACCOUNT}/password", "eight grey cranes fly"

    wrong = await site.press(
        path, {"password": "not hers at all", "chosen": chosen}, client=browser
    )
    right = await site.press(path, {"password": PASSWORD, "chosen": chosen}, client=browser)

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert [(await one.get(ACCOUNT)).status_code for one in (browser, other)] == [303, 303]
    assert (await site.sign_in(ada, chosen, client=site.browser())).status_code == 303


@pytest.mark.parametrize("path", ["details", "promotion", "promotion/end", "withdraw", "end"])
async def test_a_form_without_this_sessions_token_is_refused(site: Site, path: str) -> None:
    ada, eve = site.address(), site.address()
    await site.account(ada)
    await site.account(eve)
    mine, evil = await site.signed_in(ada), await site.signed_in(eve)
    page = await evil.get(f"{ACCOUNT}/details")
    foreign = posting_form(page).values["csrf"]
    headers = {"origin": site.settings.public_url, "sec-fetch-site": "same-origin"}

    answers = [
        await mine.post(f"{ACCOUNT}/{path}", data={"csrf": token}, headers=headers)
        for token in ("", "00", foreign)
    ]
    nobody = await site.browser().post(f"{ACCOUNT}/{path}", data={"csrf": foreign})

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert nobody.status_code in {303, 401}


@pytest.mark.rule("R-EV-01", "R-ACC-01")
async def test_another_service_gets_the_fields_of_a_live_session_and_nothing_else(
    site: Site,
) -> None:
    ada = site.address()
    subject_id = await site.account(ada, details={"first_name": "Ada", "city": "Bonn"})
    browser = await site.signed_in(ada)
    digest = session_digest(browser.cookies["account"])
    async with site.app.begin() as tx:
        known = await look_up(tx, digest)
        unknown = await look_up(tx, session_digest("x"))
        documents = await look_up(tx, session_digest(browser.cookies["ONLINEPLUS"]))
    await site.restrict(subject_id)
    async with site.app.begin() as tx:
        restricted = await look_up(tx, digest)

    assert known is not None
    assert {name: value for name, value in known.items() if value} == {
        "email": ada,
        "first_name": "Ada",
        "city": "Bonn",
    }
    assert (unknown, documents, restricted) == (None, None, None)


@pytest.mark.rule("R-ACC-12")
async def test_the_welcome_mail_has_the_proof_of_each_declaration(site: Site) -> None:
    ada = site.address()
    await site.account(ada, promotion=True, details={"first_name": "Ada"})

    (mail,) = await site.mails(ada, "Your account is open")

    proofs = [path_of(link) for link in mail.links if "/erasure/consents/" in link]
    assert len(proofs) == 2
    assert sorted(one["filename"] for one in mail.attachments) == [
        "consent-account.json",
        "consent-promotion.json",
    ]
    assert ada not in mail.text


@pytest.mark.rule("R-ACC-10")
@pytest.mark.parametrize("how", ["reset", "changed"])
async def test_a_new_password_ends_a_change_of_address_that_was_on_its_way(
    site: Site, how: str
) -> None:
    """Whoever had the password and a mailbox of their own has nothing any more."""
    old, theirs = site.address(), site.address()
    subject_id = await site.account(old)
    liar, owner = await site.signed_in(old), await site.signed_in(old)
    await site.press(f"{ACCOUNT}/address", {"email": theirs, "password": PASSWORD}, client=liar)
    link = await site.link(theirs, "/address/")
    if how == "reset":
        await site.press("/en/registration/reset", {"email": old}, client=site.browser())
        await site.press(await site.link(old, "/reset/"), {"chosen": OTHER}, client=owner)
    else:
        values = {"password": PASSWORD, "chosen": OTHER}
        await site.press(f"{ACCOUNT}/password", values, client=owner)

    tried = await site.client.get(link)
    await site.clock()

    assert tried.status_code == 404
    assert await site.subject(old) == subject_id
    assert await found_anywhere(site, theirs) == []


@pytest.mark.rule("R-ACC-10")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_who_presses_twice_for_a_new_address_learns_that_it_was_done(
    site: Site, lang: str
) -> None:
    old, new = site.address(), site.address()
    await site.account(old, lang)
    browser = await site.signed_in(old)
    path = f"/{lang}/registration/account/address"
    await site.press(path, {"email": new, "password": PASSWORD}, client=browser)
    link = await site.link(new, "/address/")
    page = await site.client.get(link)  # a scanner or a second tab looks too
    one, other = await site.client.get(link), await site.client.head(link)

    first = await site.post(page, posting_form(page))
    again = await site.post(one, posting_form(one))
    looked = await site.client.get(link)

    assert (page.status_code, other.status_code) == (200, 200)
    assert first.headers["location"] == f"/{lang}/registration/address-changed"
    assert again.headers.get("location") == first.headers["location"]
    assert looked.headers.get("location") == first.headers["location"]


@pytest.mark.rule("R-ACC-07", "R-7-01")
@pytest.mark.parametrize("change", ["address", "password"])
async def test_the_link_that_ends_promotion_works_on_after_a_change(
    site: Site, change: str
) -> None:
    old, new = site.address(), site.address()
    subject_id = await site.account(old, promotion=True)
    async with site.app.begin() as tx:  # as the mailer makes it for an issue
        token = await new_token(tx, subject_id, STOP, tx.now + timedelta(days=1))
    browser = await site.signed_in(old)
    if change == "address":
        values = {"email": new, "password": PASSWORD}
        await site.press(f"{ACCOUNT}/address", values, client=browser)
        await site.press(await site.link(new, "/address/"))
    else:
        values = {"password": PASSWORD, "chosen": OTHER}
        await site.press(f"{ACCOUNT}/password", values, client=browser)

    await site.press(f"/en/registration/stop/{token}")

    purposes = "select array_agg(purpose) from consent where subject_id = $1"
    assert await site.value(purposes, subject_id) == [USE]


@pytest.mark.rule("R-18-01", "R-ACC-10")
async def test_who_is_restricted_is_told_why_the_address_stays(site: Site) -> None:
    old, new = site.address(), site.address()
    subject_id = await site.account(old)
    browser = await site.signed_in(old)
    await site.press(f"{ACCOUNT}/address", {"email": new, "password": PASSWORD}, client=browser)
    link = await site.link(new, "/address/")
    await site.restrict(subject_id)

    refused = await site.press(link)
    await site.restrict(subject_id, restricted=False)
    answer = await site.press(link)

    assert refused.status_code == 403
    assert answer.headers["location"].endswith("/address-changed")
    assert await site.subject(new) == subject_id
