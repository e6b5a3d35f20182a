"""Signing in: two cookies, what each opens, and how they end."""

import asyncio
from datetime import timedelta
from http.cookies import SimpleCookie

import httpx2
import pytest
from argon2 import extract_parameters

from services.registration import passwords
from services.registration.rules import BadCookieDomain, check_cookie_domain
from services.registration.settings import configured
from services.website.registers import configured_registers
from services.website.rules.trackers import OWN
from shared.settings import Settings
from shared.web import public_app
from tests.registration.site import PASSWORD, Site

DOCUMENT = "/en/documents/archive-in-a-day"
ACCOUNT = "/en/registration/account"
DAY = 24 * 3600


def cookies_of(answer: httpx2.Response) -> SimpleCookie:
    """Read what an answer sets."""
    found: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        found.load(line)
    return found


@pytest.mark.rule("R-CK-04")
async def test_signing_in_sets_a_random_cookie_that_lasts_and_is_stored_as_a_digest(
    site: Site,
) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    page = await site.client.get("/en/registration/sign-in")

    answer = await site.sign_in(ada, client=site.browser())
    set_now = cookies_of(answer)

    assert not page.headers.get_list("set-cookie")
    online = set_now["ONLINEPLUS"]
    assert (len(online.value), online["max-age"], online["path"]) == (43, str(180 * DAY), "/")
    assert (online["httponly"], online["samesite"]) == (True, "lax")
    assert (set_now["account"]["max-age"], set_now["account"]["httponly"]) == ("", True)
    row = await site.value("select to_jsonb(s) from sign_in s where subject_id = $1", subject_id)
    assert online.value not in str(row)
    assert set_now["account"].value not in str(row)


@pytest.mark.rule("R-CK-04", "R-CK-01")
async def test_with_tls_the_cookies_are_secure_and_only_onlineplus_has_a_domain(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = site.address()
    await site.account(ada)
    live: Settings = site.settings.model_copy(
        update={"development": False, "public_url": "https://www.example.org"}
    )
    monkeypatch.setenv("EXPUNGE_ONLINEPLUS_DOMAIN", "example.org")
    configured.cache_clear()
    app = public_app(live, site.web.state.web.parts)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=live.public_url) as browser:
        headers = {"origin": live.public_url, "sec-fetch-site": "same-origin"}
        data = {"email": ada, "password": PASSWORD}
        answer = await browser.post("/en/registration/sign-in", data=data, headers=headers)
        opened = await browser.get(ACCOUNT)
    await app.state.web.close()
    configured.cache_clear()

    lines = {line.split("=")[0]: line for line in answer.headers.get_list("set-cookie")}
    assert lines.keys() == {"ONLINEPLUS", "__Host-account"}
    known = {one.name for one in configured_registers().cookies if one.host in OWN}
    assert lines.keys() <= known, "every cookie of ours stands in the register"
    assert "Domain=example.org" in lines["ONLINEPLUS"]
    assert "domain" not in lines["__Host-account"].lower()
    assert all("; Secure" in line and "HttpOnly" in line for line in lines.values())
    assert opened.status_code == 200


@pytest.mark.rule("R-CK-04")
@pytest.mark.parametrize("domain", ["org", "co.uk", "other.org", "evil-example.org"])
def test_a_domain_that_others_share_is_refused(domain: str) -> None:
    with pytest.raises(BadCookieDomain):
        check_cookie_domain(domain, "https://www.example.org")
    assert check_cookie_domain("example.org", "https://www.example.org") == "example.org"
    assert not check_cookie_domain("", "https://www.example.org")


@pytest.mark.rule("R-CK-04", "R-ACC-02")
async def test_onlineplus_opens_documents_and_not_the_account_page(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    browser = await site.signed_in(ada)
    both = [(await browser.get(path)).status_code for path in (DOCUMENT, ACCOUNT)]
    browser.cookies.delete("account")

    one = [(await browser.get(path)).status_code for path in (DOCUMENT, ACCOUNT)]
    nobody = await site.browser().get(DOCUMENT)

    assert (both, one, nobody.status_code) == ([200, 200], [200, 303], 401)


@pytest.mark.rule("R-CK-04")
async def test_both_are_new_at_each_sign_in_and_the_old_ones_die(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    before = dict(browser.cookies)
    thief = site.browser()
    thief.cookies.update(before)

    await site.sign_in(ada, client=browser)
    after = dict(browser.cookies)

    assert not set(before.values()) & set(after.values())
    assert [(await thief.get(path)).status_code for path in (DOCUMENT, ACCOUNT)] == [401, 303]
    assert (await site.everything(subject_id))["sign_in"] == 1


@pytest.mark.rule("R-CK-04")
async def test_logging_out_deletes_in_the_browser_and_on_the_server(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    copy = site.browser()
    copy.cookies.update(dict(browser.cookies))
    looked = await browser.get("/en/registration/sign-out")
    still = await browser.get(DOCUMENT)

    answer = await site.press(DOCUMENT, client=browser, action="/sign-out")

    assert (looked.status_code, still.status_code, answer.status_code) == (200, 200, 303)
    assert not dict(browser.cookies)
    assert "sign_in" not in await site.everything(subject_id)
    assert (await copy.get(DOCUMENT)).status_code == 401


@pytest.mark.rule("R-CK-04")
async def test_logging_out_works_with_onlineplus_alone(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    browser.cookies.delete("account")

    await site.press(DOCUMENT, client=browser, action="/sign-out")

    assert "sign_in" not in await site.everything(subject_id)


@pytest.mark.rule("R-CK-04", "R-CK-06")
@pytest.mark.parametrize(
    ("begun", "seen", "status"),
    [("179 d", "179 d", 200), ("181 d", "181 d", 401), ("364 d", "1 d", 200), ("366 d", "0", 401)],
)
async def test_it_ends_after_the_last_use_and_in_all(
    site: Site, begun: str, seen: str, status: int
) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    async with site.eraser.begin() as tx:
        await tx.execute(
            f"""
            update sign_in
               set begun_at = now() - interval '{begun}', seen_at = now() - interval '{seen}'
             where subject_id = $1
            """,
            subject_id,
        )

    answers = [(await browser.get(DOCUMENT)).status_code for _ in range(2)]
    await site.let_pass(subject_id, "signed-out")

    assert answers == [status, status]
    assert ("sign_in" in await site.everything(subject_id)) == (status == 200)


@pytest.mark.rule("R-CK-06")
@pytest.mark.parametrize(
    ("begun", "seen", "kept"), [("29 min", "29 min", True), ("1 d", "1 min", False),
                                ("31 min", "31 min", False), ("11 h", "1 min", True)],
)  # fmt: skip
async def test_the_account_pages_cookie_is_forgotten_once_it_opens_nothing_any_more(
    site: Site, *, begun: str, seen: str, kept: bool
) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    due = "select due_at - now() from deadline where subject_id = $1 and kind = 'signed-out'"
    first = await site.value(due, subject_id)
    async with site.eraser.begin() as tx:
        await tx.execute(
            f"""
            update sign_in
               set begun_at = now() - interval '{begun}',
                   account_seen_at = now() - interval '{seen}'
             where subject_id = $1
            """,
            subject_id,
        )

    await site.let_pass(subject_id, "signed-out")
    left = "select account_sha256 is not null from sign_in where subject_id = $1"

    assert await site.value(left, subject_id) is kept
    assert (await browser.get(DOCUMENT)).status_code == 200
    assert first < timedelta(hours=1), "somebody looks when it may be over"
    again = await site.value(due, subject_id)
    assert (again < timedelta(hours=1)) is kept


@pytest.mark.rule("R-CK-04")
async def test_the_account_page_asks_again_after_half_an_hour(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    async with site.eraser.begin() as tx:
        await tx.execute(
            "update sign_in set account_seen_at = now() - interval '31 min' where subject_id = $1",
            subject_id,
        )

    assert (await browser.get(ACCOUNT)).status_code == 303
    assert (await browser.get(DOCUMENT)).status_code == 200


@pytest.mark.rule("R-CK-05")
async def test_the_page_says_how_long_it_lasts_and_offers_this_session_only(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    pages = [(await site.client.get(f"/{lang}/registration/sign-in")).text for lang in ("en", "de")]

    answer = await site.sign_in(ada, client=site.browser(), this_session=True)

    for page, words in zip(pages, (("Log out", "180 days"), ("Abmelden", "180 Tage")), strict=True):
        assert "ONLINEPLUS" in page
        assert all(word in page for word in words)
    assert cookies_of(answer)["ONLINEPLUS"]["max-age"] == ""
    until = await site.value(
        "select due_at - now() from deadline where subject_id = $1 and kind = 'signed-out'",
        subject_id,
    )
    assert until.total_seconds() <= 12 * 3600


@pytest.mark.rule("R-CK-05")
def test_declaration_a_names_the_cookie_and_how_long_it_stays(site: Site) -> None:
    wordings = site.web.state.web.pages.wordings["registration"].all
    texts = [one.text for one in wordings if one.id == "account"]

    assert len(texts) == 2
    assert all("ONLINEPLUS" in text and "180" in text and "365" in text for text in texts)


async def test_the_account_page_lists_browsers_and_ends_one(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    mine, lost = await site.signed_in(ada), await site.signed_in(ada)
    page = await mine.get(ACCOUNT)
    other = await site.value(
        "select sign_in_id from sign_in where subject_id = $1 order by begun_at desc limit 1",
        subject_id,
    )

    answer = await site.press(ACCOUNT, {"sign_in": str(other)}, client=mine, action="/sign-ins")

    assert page.text.count('name="sign_in"') == 2
    assert answer.status_code == 303
    assert (await lost.get(DOCUMENT)).status_code == 401
    assert (await mine.get(ACCOUNT)).status_code == 200


async def test_nobody_ends_a_browser_of_somebody_else(site: Site) -> None:
    ada, eve = site.address(), site.address()
    subject_id = await site.account(ada)
    await site.account(eve)
    hers, evil = await site.signed_in(ada), await site.signed_in(eve)
    theirs = await site.value("select sign_in_id from sign_in where subject_id = $1", subject_id)

    await site.press(ACCOUNT, {"sign_in": str(theirs)}, client=evil, action="/sign-ins")

    assert (await hers.get(ACCOUNT)).status_code == 200


@pytest.mark.rule("R-ACC-03")
async def test_an_unknown_address_and_a_wrong_password_are_answered_alike(site: Site) -> None:
    ada, stranger = site.address(), site.address()
    await site.account(ada)
    wrong = "not the right pass phrase"

    known = await site.sign_in(ada, wrong, client=site.browser())
    unknown = await site.sign_in(stranger, wrong, client=site.browser())

    assert known.status_code == unknown.status_code == 422
    assert known.text.replace(ada, stranger) == unknown.text
    assert wrong not in known.text


@pytest.mark.rule("R-ACC-03")
async def test_both_take_the_same_work(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = site.address()
    await site.account(ada)
    checked: list[str] = []
    work = passwords._work

    def noted(typed: str, stored: str) -> str:
        checked.append(stored)
        return work(typed, stored)

    monkeypatch.setattr(passwords, "_work", noted)
    for address in (ada, site.address()):
        await site.forget_quota()
        await site.sign_in(address, "not the right pass phrase", client=site.browser())

    assert [extract_parameters(one) for one in checked] == 2 * [extract_parameters(checked[0])]


async def test_too_many_tries_for_one_address_are_stopped_known_or_not(site: Site) -> None:
    ada = site.address()
    await site.account(ada)
    await site.forget_quota()
    for address in (ada, site.address()):
        answers = await asyncio.gather(
            *(site.sign_in(address, "wrong pass phrase", client=site.browser()) for _ in range(11))
        )
        assert sorted(answer.status_code for answer in answers) == [422] * 10 + [429]
    refused = await site.sign_in(ada, client=site.browser())

    assert refused.status_code == 429


@pytest.mark.rule("R-ACC-02", "R-CK-04")
async def test_a_restriction_ends_every_sign_in_and_closes_the_documents(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)

    await site.restrict(subject_id)
    gone = await browser.get(DOCUMENT)
    again = await site.signed_in(ada)
    answers = [await again.get(path) for path in (DOCUMENT, f"{DOCUMENT}/file", ACCOUNT)]

    assert gone.status_code == 401
    assert [answer.status_code for answer in answers] == [403, 403, 200]
    assert "Processing of your data is restricted" in answers[2].text


@pytest.mark.rule("R-ACC-02")
async def test_an_account_that_ended_opens_nothing_though_the_cookie_is_there(site: Site) -> None:
    ada = site.address()
    subject_id = await site.account(ada)
    browser = await site.signed_in(ada)
    async with site.eraser.begin() as tx:
        sql = "update account set ended_at = now() where subject_id = $1"
        await tx.execute(sql, subject_id)

    assert [(await browser.get(path)).status_code for path in (DOCUMENT, ACCOUNT)] == [401, 303]


@pytest.mark.rule("R-ACC-02")
async def test_documents_exist_in_both_languages_and_lead_back_after_signing_in(
    site: Site,
) -> None:
    ada = site.address()
    await site.account(ada)
    browser = site.browser()
    for lang in ("en", "de"):
        listed = await browser.get(f"/{lang}/documents")
        assert listed.text.count(f'href="/{lang}/documents/') == 3
    closed = await browser.get(DOCUMENT)
    assert "sign-in?document=archive-in-a-day" in closed.text

    answer = await site.press(
        "/en/registration/sign-in?document=archive-in-a-day",
        {"email": ada, "password": PASSWORD},
        client=browser,
    )
    opened = await browser.get(answer.headers["location"])
    file = await browser.get(f"{DOCUMENT}/file")
    unknown = await browser.get("/en/documents/nothing")
    elsewhere = await browser.get("/en/registration/sign-in?document=//evil.example")

    assert "An archive in a day" in opened.text
    assert file.headers["content-disposition"].startswith("attachment")
    assert unknown.status_code == 404
    assert "evil" not in elsewhere.text
