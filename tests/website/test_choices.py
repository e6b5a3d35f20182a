"""A visitor's choice: as easily refused as given, its own consent each, and ended for good."""

import re
from datetime import timedelta
from typing import Any

import asyncpg
import httpx2
import pytest

from contracts.messages import ConsentGranted, ConsentWithdrawn, SliceErased
from contracts.vocabulary import Method, Reason
from demo.person import forms_of
from services.website import grants as choice_grants
from services.website.rules.choices import OFFERED, read_signals, revision_of
from services.website.settings import CHOICE_LIFE, UNUSED_AFTER
from shared.web.wordings import Version, Wordings
from tests.website.site import SITES, Website, layer_of, scripts

ANALYTICS, GOOGLE = "web.analytics", "tracker.google_analytics"


def banner(page: httpx2.Response) -> dict[str, Any]:
    """Give the banner's forms by what they grant: nothing, or everything."""
    found = [one for one in forms_of(page.text) if one.values.get("by") == "banner"]
    return {"accept" if len(one.values) > 2 else "refuse": one for one in found}


async def grants(website: Website) -> set[str]:
    """Name the purposes that stand in the database now."""
    return {row[0] for row in await website.rows("select purpose from consent")}


@pytest.mark.rule("R-CK-03", "R-TR-00", "R-LOG-05")
async def test_without_a_choice_nothing_foreign_is_in_any_page(website: Website) -> None:
    async with website.browser() as browser:
        pages = [
            await browser.get(path)
            for path in ("/", "/de/", "/en/", "/en/cookies", "/en/data-protection-policy.html")
        ]

    for page in pages:
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]
        assert "set-cookie" not in page.headers


@pytest.mark.rule("R-CK-08")
async def test_refusing_takes_the_same_click_as_accepting(website: Website) -> None:
    async with website.browser() as browser:
        page = await browser.get("/en/")
        answers = banner(page)
        buttons = re.findall(r"<button type=\"submit\">([^<]+)</button>", page.text)
        sent = await website.post(browser, page, answers["refuse"], answers["refuse"].values)
        after = await browser.get(sent.headers["location"])

    assert buttons == ["Refuse all", "Accept all"]
    assert sent.headers["location"] == "/en/"
    assert banner(after) == {}
    assert scripts(after) == set()


@pytest.mark.rule("R-CK-08", "R-LOG-05", "R-CK-02")
async def test_a_refusal_leaves_no_id_here_or_there(website: Website) -> None:
    before = await website.count("select count(*) from subject")
    async with website.browser() as browser:
        page = await browser.get("/de/")
        form = banner(page)["refuse"]
        await website.post(browser, page, form, form.values)
        held = dict(browser.cookies)

    assert set(held) == {"choices"}
    assert re.fullmatch(r"[0-9a-f]{8}\.no", held["choices"])
    assert await website.count("select count(*) from subject") == before


@pytest.mark.rule("R-CK-08", "R-TR-00")
async def test_accepting_is_one_consent_for_each_purpose_by_the_banner(website: Website) -> None:
    told = len(await website.told())
    async with website.browser() as browser:
        page = await browser.get("/de/")
        form = banner(page)["accept"]
        await website.post(browser, page, form, form.values)
        after = await browser.get("/de/")
    said = [one for one in (await website.told())[told:] if isinstance(one, ConsentGranted)]

    assert {one.purpose for one in said} == set(OFFERED)
    assert {one.method for one in said} == {Method.BANNER}
    assert {one.language for one in said} == {"de"}
    assert len({one.consent_id for one in said}) == len(OFFERED)
    assert len({one.wording_sha256 for one in said}) == len(OFFERED)
    assert scripts(after) == set(SITES) - {"wiredminds", "salesloft"}


@pytest.mark.rule("R-CK-08", "R-7-01")
async def test_taking_one_back_ends_it_and_no_other(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS, GOOGLE)
        kept = await consent_of(website, GOOGLE)
        told = len(await website.told())
        await website.choose(browser, GOOGLE)
        page = await browser.get("/en/")
        await website.clock()
        said = (await website.told())[told:]
        still = await website.rows(
            "select consent_id from consent where consent_id = $1", kept["consent_id"]
        )

    withdrawn = [one for one in said if isinstance(one, ConsentWithdrawn)]
    receipts = [one for one in said if isinstance(one, SliceErased)]
    assert [(one.purpose, one.method) for one in withdrawn] == [(ANALYTICS, Method.SETTINGS)]
    assert [(one.reason, one.closed_count) for one in receipts] == [(Reason.WITHDRAWN, 1)]
    assert scripts(page) == {"google-analytics"}
    assert len(still) == 1


async def consent_of(website: Website, purpose: str) -> Any:
    """Read the latest consent to a purpose."""
    return await website.row(
        "select * from consent where purpose = $1 order by granted_at desc limit 1", purpose
    )


@pytest.mark.rule("R-POL-03", "R-CK-08")
async def test_a_consent_keeps_language_words_host_and_how(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS, lang="de")
    row = await website.row(
        """
        select c.language, c.wording, c.form, g.host, g.method
          from granted g
          join consent c using (subject_id)
         where g.purpose = $1
         order by c.granted_at desc
         limit 1
        """,
        ANALYTICS,
    )

    host = website.settings.public_url.removeprefix("http://")
    assert tuple(row) == ("de", ANALYTICS, "choices", host, "settings")


@pytest.mark.rule("R-CK-08")
async def test_global_privacy_control_is_a_refusal(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS, GOOGLE)
        told = len(await website.told())
        browser.headers["Sec-GPC"] = "1"
        page = await browser.get("/en/")
        again = await website.choose(browser, ANALYTICS, GOOGLE)
        saved = await browser.get(again.headers["location"])
        del browser.headers["Sec-GPC"]
        later = await browser.get("/en/")
        await website.clock()
        said = (await website.told())[told:]

    assert scripts(page) == scripts(later) == set()
    assert banner(page) == {}
    assert "Global Privacy Control" in saved.text
    withdrawn = [one for one in said if isinstance(one, ConsentWithdrawn)]
    assert {(one.purpose, one.method) for one in withdrawn} == {
        (ANALYTICS, Method.GPC),
        (GOOGLE, Method.GPC),
    }
    assert not [one for one in said if isinstance(one, ConsentGranted)]


@pytest.mark.rule("R-CK-08")
async def test_we_say_that_we_obey_global_privacy_control(website: Website) -> None:
    async with website.browser() as browser:
        answer = await browser.get("/.well-known/gpc.json")

    assert answer.json()["gpc"] is True


@pytest.mark.rule("R-CK-08", "R-POL-01")
async def test_changed_words_ask_again_and_stop_what_was_granted(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, GOOGLE)
        before = await browser.get("/en/")
        site = layer_of(website.app)._site
        old = site.wordings
        newer = tuple(
            type(one)(one.id, 2, one.language, one.text + "!", f"{one.language == 'de':064x}")
            for one in old.all
            if one.id == GOOGLE
        )
        changed = Wordings((*old.all, *newer), {(GOOGLE, 2): Version(None, material=True)})
        monkeypatch.setitem(website.app.state.web.pages.wordings, "website", changed)
        after = await browser.get("/en/")
        page = await browser.get("/en/cookies")
        await website.choose(browser, GOOGLE)
        again = await browser.get("/en/")
        renewed = await browser.get("/en/cookies")

    assert (scripts(before), banner(before)) == ({"google-analytics"}, {})
    assert scripts(after) == set()
    assert set(banner(after)) == {"accept", "refuse"}
    assert "no longer counts" in page.text
    assert scripts(again) == {"google-analytics"}
    assert "no longer counts" not in renewed.text


@pytest.mark.rule("R-CK-08")
def test_another_purpose_or_other_words_are_another_revision() -> None:
    one = revision_of({ANALYTICS: ["a", "b"]})

    assert one == revision_of({ANALYTICS: ["b", "a"]})
    assert len({one, revision_of({ANALYTICS: ["a", "c"]}), revision_of({GOOGLE: ["a", "b"]})}) == 3
    assert not read_signals({"choices": "00000000.no"}, None, one, None).asked
    assert read_signals({"choices": f"{one}.no"}, None, one, None).asked


@pytest.mark.rule("R-CK-08")
@pytest.mark.parametrize("forged", ["", "x", "no", "00000000.", "00000000.a'b", "a" * 5_000])
def test_a_cookie_that_we_did_not_write_is_no_choice(forged: str) -> None:
    signals = read_signals({"choices": forged}, None, "00000000", None)

    assert not signals.asked
    assert signals.key is None


@pytest.mark.rule("R-CK-06")
async def test_a_grant_ends_with_its_cookie_and_if_no_browser_ever_held_it(
    website: Website,
) -> None:
    async with website.browser() as unseen:
        await website.choose(unseen, ANALYTICS)
    first = (await consent_of(website, ANALYTICS))["subject_id"]
    async with website.browser() as used:
        await website.choose(used, ANALYTICS)
        await used.get("/en/")
    second = (await consent_of(website, ANALYTICS))["subject_id"]
    rows = await website.rows(
        "select subject_id, kind, due_at - $2::timestamptz as rest from deadline"
        " where subject_id = any($1)",
        [first, second],
        (await website.row("select now()"))[0],
    )
    rest = {(row["subject_id"], row["kind"]): row["rest"] for row in rows}
    async with website.eraser.begin() as tx:
        await tx.execute(
            "update deadline set due_at = now() where subject_id = $1 and kind = 'unused'", first
        )
    await website.clock()
    left = {
        row[0]
        for row in await website.rows(
            "select subject_id from subject where subject_id = any($1)", [first, second]
        )
    }

    assert set(rest) == {(first, "unused"), (first, "over"), (second, "over")}
    assert timedelta(0) < UNUSED_AFTER - rest[first, "unused"] < timedelta(minutes=5)
    assert timedelta(0) < CHOICE_LIFE - rest[second, "over"] < timedelta(minutes=5)
    assert left == {second}


@pytest.mark.rule("R-CK-03")
async def test_taking_back_deletes_the_trackers_cookies_on_our_hosts(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, GOOGLE, "tracker.clarity")
        browser.cookies.set("_ga", "GA1.1.111.222")
        browser.cookies.set("_ga_TEST", "GS1.1.1")
        browser.cookies.set("_clck", "abc|2|x")
        answer = await website.choose(browser, "tracker.clarity")
        saved = await browser.get("/en/cookies/saved")

    over = [one for one in answer.headers.get_list("set-cookie") if "Max-Age=0" in one]
    assert {one.split("=")[0] for one in over} == {"_ga", "_ga_TEST"}
    assert "eloqua.com" in saved.text


@pytest.mark.rule("R-CK-02")
async def test_preferences_are_two_values_without_an_id(website: Website) -> None:
    async with website.browser() as browser, website.browser() as other:
        for one in (browser, other):
            await website.press(one, "/en/cookies/settings", {"country": "AT", "language": "de"})
        page = await browser.get("/")
        values = browser.cookies["preferences"], other.cookies["preferences"]

    assert values == ("AT.de", "AT.de")
    assert "<h1>Ihre Daten, Ihre Entscheidung</h1>" in page.text


@pytest.mark.rule("R-CK-07")
async def test_everything_works_with_cookies_blocked(website: Website) -> None:
    async with website.browser() as browser:
        seen = []
        for path in (
            "/en/",
            "/en/data-protection-policy.html",
            "/en/cookies",
            "/en/cookies/erase",
            "/en/cookies/counting",
        ):
            seen.append((await browser.get(path)).status_code)
            browser.cookies.clear()
        await website.choose(browser, ANALYTICS)
        browser.cookies.clear()
        saved = await browser.get("/en/cookies/saved")

    assert seen == [200] * 5
    assert "did not keep our cookie" in saved.text


@pytest.mark.rule("R-CK-08")
async def test_the_banner_leads_back_to_our_own_page_only(website: Website) -> None:
    async with website.browser() as browser:
        page = await browser.get("/en/")
        form = banner(page)["refuse"]
        found = [
            (await website.post(browser, page, form, form.values | {"back": back})).headers[
                "location"
            ]
            for back in (
                "/de/",
                "//evil.example",
                "https://evil.example",
                "/\\evil",
                "javascript:x",
            )
        ]

    assert found == ["/de/", *["/en/cookies/saved"] * 4]


@pytest.mark.rule("R-CK-08")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_everything_is_taken_back_by_one_click_on_any_page(
    website: Website, lang: str
) -> None:
    async with website.browser() as browser:
        nothing = await browser.get(f"/{lang}/cookies/counting")
        await website.choose(browser, ANALYTICS, GOOGLE)
        pages = [
            await browser.get(f"/{lang}/{path}")
            for path in ("", "cookies/counting", "data-protection-policy.html", "nothing")
        ]
        forms = [one for page in pages for one in forms_of(page.text) if not one.unticked]
        forms = [one for one in forms if one.values == {"by": "settings"}]
        assert [one.action for one in forms] == [f"/{lang}/cookies"] * 4
        before = len(await website.told())
        answer = await website.post(browser, pages[1], forms[0], forms[0].values)
        after = await browser.get(answer.headers["location"])
        await website.clock()
        said = (await website.told())[before:]

    assert 'action="/' + lang + '/cookies"' not in nothing.text
    assert {one.purpose for one in said if isinstance(one, ConsentWithdrawn)} == {ANALYTICS, GOOGLE}
    assert scripts(after) == set()
    assert 'action="/' + lang + '/cookies"' not in after.text


@pytest.mark.rule("R-CK-08")
async def test_a_signal_ends_what_stands_once_the_database_can_be_asked(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise asyncpg.CannotConnectNowError

    async with website.browser() as browser:
        await website.choose(browser, GOOGLE)
        key = browser.cookies["choices"]
        browser.cookies.set("_ga", "GA1.1.31.41")
        browser.headers["Sec-GPC"] = "1"
        with monkeypatch.context() as patch:
            patch.setattr(choice_grants, "stands", away)
            page = await browser.get("/en/")
            kept = browser.cookies["choices"]
        before = len(await website.told())
        await browser.get("/en/")
        await website.clock()
        said = (await website.told())[before:]

    assert page.status_code == 200
    assert scripts(page) == set()
    assert "set-cookie" not in page.headers
    assert kept == key
    assert [one.method for one in said if isinstance(one, ConsentWithdrawn)] == [Method.GPC]
