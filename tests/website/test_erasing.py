"""Erase this browser: no address needed, processors told, and what cannot be done is said."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from contracts.messages import ConsentWithdrawn, SliceErased
from contracts.vocabulary import Impossible, Method, Reason
from services.website.processors import GoogleAnalytics, Hotjar, processors_of
from services.website.registers import configured_registers
from services.website.settings import configured
from shared.disclosure import Answer, Processor, TellingState
from shared.disclosure.telling import tell_due
from shared.settings import write_secret
from tests.website.provider import Provider, provider
from tests.website.site import Website

GA, HOTJAR, ANALYTICS = "tracker.google_analytics", "tracker.hotjar", "web.analytics"
DONE = {"deletionRequestTime": "2026-11-23T10:00:00Z"}


@pytest_asyncio.fixture(loop_scope="session")
async def google() -> AsyncIterator[tuple[Provider, GoogleAnalytics]]:
    """Open a stand-in for Google and a processor that speaks to it."""
    with provider() as server:
        server.body = DONE
        processor = GoogleAnalytics(
            f"{server.url}/properties/123:submitUserDeletion", "s3cret", "G-TEST1"
        )
        yield server, processor
        await processor.close()


async def tell(website: Website, processors: dict[str, Processor]) -> int:
    """Let the worker tell what is due."""
    async with website.eraser.begin() as tx:
        await tx.execute("update telling set next_try_at = now() - interval '1 minute'")
    return await tell_due(website.eraser, processors, configured_registers().recipients)


async def erase(website: Website, browser: httpx2.AsyncClient) -> httpx2.Response:
    """Press the one button."""
    answer = await website.press(browser, "/en/cookies/erase")
    assert answer.status_code == 303
    return answer


async def states(website: Website, recipient: str) -> list[tuple[str, str | None, str | None]]:
    """Read what a recipient answered: state, reason, what it knows the browser by."""
    rows = await website.rows(
        "select state, reason, their_id from telling where recipient = $1 order by told_at",
        recipient,
    )
    return [tuple(row) for row in rows]


@pytest.mark.rule("R-TR-01", "R-GA-03", "R-3P-03")
async def test_a_browser_is_erased_without_an_address_and_google_is_told(
    website: Website, google: tuple[Provider, GoogleAnalytics]
) -> None:
    server, processor = google
    async with website.browser() as browser:
        await website.choose(browser, GA, ANALYTICS)
        browser.cookies.set("_ga", "GA1.1.111222333.1700000000")
        await browser.get("/en/")
        told = len(await website.told())
        answer = await erase(website, browser)
        page = await browser.get(answer.headers["location"])
        loaded = await browser.get("/en/")
        early = list(server.asked)
        await website.clock()
        await tell(website, {"google-analytics": processor})
        after = await browser.get(answer.headers["location"])
    said = (await website.told())[told:]

    assert early == []  # the script stops before Google is asked, or the number would come back
    assert "google-analytics-" not in loaded.text
    assert "_ga=" in "".join(answer.headers.get_list("set-cookie"))
    assert [one[:3] for one in server.asked] == [
        ("POST", "/properties/123:submitUserDeletion", {"clientId": "111222333.1700000000"})
    ]
    assert server.asked[0][3]["authorization"] == "Bearer s3cret"
    assert "is being told" in page.text
    assert "has confirmed" in after.text
    assert (await states(website, "google-analytics"))[-1] == ("confirmed", None, None)
    ended = [one for one in said if isinstance(one, ConsentWithdrawn)]
    assert {(one.purpose, one.method) for one in ended} == {
        (GA, Method.SETTINGS),
        (ANALYTICS, Method.SETTINGS),
    }
    receipts = [one for one in said if isinstance(one, SliceErased)]
    assert [(one.reason, one.closed_count) for one in receipts] == [(Reason.WITHDRAWN, 2)]


@pytest.mark.rule("R-TR-01")
async def test_a_trackers_name_of_the_browser_is_kept_for_its_deletion_only(
    website: Website,
) -> None:
    async with website.browser() as stranger, website.browser() as browser:
        stranger.cookies.set("_ga", "GA1.1.999.888")
        await stranger.get("/en/")
        await website.choose(browser, GA)
        browser.cookies.set("_ga", "GA1.1.444.555")
        await browser.get("/en/")
    rows = await website.rows("select their_id from disclosure")
    known = {row[0] for row in rows}

    assert "id.444.555" in known
    assert not any("999.888" in one for one in known)
    text = await website.rows("select row(a.*)::text from access a")
    assert not any("444.555" in row[0] for row in text)


@pytest.mark.rule("R-TR-01")
async def test_where_no_id_exists_the_answer_is_that_it_is_impossible(
    website: Website, google: tuple[Provider, GoogleAnalytics]
) -> None:
    server, processor = google
    async with website.browser() as nobody, website.browser() as browser:
        nothing = await erase(website, nobody)
        said = await nobody.get(nothing.headers["location"])
        await website.choose(browser, GA)  # Google never told us its number
        answer = await erase(website, browser)
        await website.clock()
        await tell(website, {"google-analytics": processor})
        page = await browser.get(answer.headers["location"])

    assert nothing.headers["location"].endswith("/erased/nobody")
    assert "GDPR Art. 11" in said.text
    assert server.asked == []
    assert "cannot delete it" in page.text
    assert "GDPR Art. 11" in page.text
    assert (await states(website, "google-analytics"))[-1][:2] == ("impossible", "art-11")


@pytest.mark.rule("R-TR-01", "R-3P-03")
async def test_a_provider_that_is_away_is_told_later_and_the_data_here_is_gone(
    website: Website, google: tuple[Provider, GoogleAnalytics]
) -> None:
    server, processor = google
    server.status, server.body = 503, {"error": "zq7Marker"}
    async with website.browser() as browser:
        await website.choose(browser, GA)
        browser.cookies.set("_ga", "GA1.1.777.666")
        await browser.get("/en/")
        await erase(website, browser)
    await website.clock()
    left = await website.count("select count(*) from disclosure where their_id = 'id.777.666'")
    await tell(website, {"google-analytics": processor})
    waiting = await website.rows("select state from telling where their_id = 'id.777.666'")
    server.status, server.body = 404, {}
    await tell(website, {"google-analytics": processor})

    assert left == 0
    assert [row[0] for row in waiting] == ["open"]
    assert len(server.asked) == 2
    assert (await states(website, "google-analytics"))[-1] == ("verified", None, None)


@pytest.mark.rule("R-GA-03")
@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, DONE, TellingState.CONFIRMED),
        (200, {}, TellingState.TOLD),
        (404, {}, TellingState.VERIFIED),
    ],
)
async def test_googles_answer_is_taken_for_what_it_says(
    google: tuple[Provider, GoogleAnalytics], status: int, body: object, state: TellingState
) -> None:
    server, processor = google
    server.status, server.body = status, body

    assert (await processor.delete("id.1.2")).state is state


@pytest.mark.rule("R-HJ-01")
async def test_hotjar_is_asked_to_delete_by_its_number_of_the_browser() -> None:
    with provider() as server:
        server.body = {}
        processor = Hotjar(f"{server.url}/v1/organizations/9/user-lookup", "key", "4711")
        answer = await processor.delete("id.0b5c")
        await processor.close()

    assert server.asked[0][2] == {
        "data_subject_site_id_to_user_id_map": {"4711": "0b5c"},
        "delete_all_hits": True,
    }
    assert answer.state is TellingState.CONFIRMED


@pytest.mark.rule("R-TR-01", "R-SL-01", "R-CL-01", "R-EL-03", "R-WM-01")
@pytest.mark.parametrize(
    ("tracker", "reason"),
    [
        ("wiredminds", "nothing-identifies"),
        ("eloqua", "only-the-visitor"),
        ("salesloft", "by-address-only"),
        ("clarity", "no-deletion-interface"),
    ],
)
async def test_what_a_provider_cannot_delete_is_said_with_its_reason(
    website: Website, tracker: str, reason: str
) -> None:
    processors = processors_of(website.settings, configured_registers())

    answer = await processors[tracker].delete("id.1")

    assert answer == Answer(TellingState.IMPOSSIBLE, Impossible(reason))


async def test_a_processor_needs_its_address_and_its_credential(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made() -> set[str]:
        configured.cache_clear()
        return set(processors_of(website.settings, configured_registers()))

    monkeypatch.setenv("EXPUNGE_PROCESSORS", json.dumps({"hotjar": "http://127.0.0.1:9"}))
    without = made()
    write_secret(website.settings.secrets / "processors" / "hotjar", "key")
    complete = made()
    monkeypatch.undo()
    configured.cache_clear()

    assert complete - without == {"hotjar"}
    assert "google-analytics" not in complete


@pytest.mark.rule("R-TR-01")
@pytest.mark.parametrize("cases", ["x", "00", "a.b", "0" * 33])
async def test_a_page_of_answers_needs_ids_of_ours(website: Website, cases: str) -> None:
    async with website.browser() as browser:
        answer = await browser.get(f"/en/cookies/erased/{cases}")

    assert answer.status_code == 404


@pytest.mark.rule("R-WM-01")
async def test_the_pixel_is_asked_for_by_us_after_a_grant_with_a_cut_address(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    with provider() as server:
        tracker = configured_registers().trackers["wiredminds"]
        moved = tracker.model_copy(update={"pixel": f"{server.url}/count"})
        monkeypatch.setitem(configured_registers().trackers, "wiredminds", moved)
        async with website.browser() as browser:
            await browser.get("/website/pixel/1")
            before = list(server.asked)
            await website.choose(browser, "tracker.wiredminds")
            page = await browser.get("/en/")
            await browser.get("/website/pixel/1", headers={"Referer": "http://x.example/zq7Marker"})
            await asyncio.to_thread(server.heard.wait, 10)
    await website.written()
    noted = await website.count("select count(*) from access where url like '%pixel%'")

    assert before == []
    assert noted == 0  # a part of a page that was noted
    assert '<img src="/website/pixel/1"' in page.text
    assert "wiredminds.de" not in page.headers["content-security-policy"]
    (method, path, _, headers) = server.asked[0]
    assert (method, path) == ("GET", "/count?site=wm1&page=%2F%7Blang%7D%2F&ip=127.0.0.0")
    assert "cookie" not in {name.lower() for name in headers}
    assert "zq7Marker" not in str(headers)


@pytest.mark.rule("R-TR-01", "R-GA-03")
async def test_every_name_that_a_tracker_gave_a_browser_is_deleted_there(
    website: Website, google: tuple[Provider, GoogleAnalytics]
) -> None:
    server, processor = google
    async with website.browser() as browser:
        await website.choose(browser, GA)
        for name in ("1.11", "2.22", "2.22"):  # the browser lost their cookie after a week
            browser.cookies.set("_ga", f"GA1.1.{name}")
            await browser.get("/en/")
        answer = await erase(website, browser)
        await website.clock()
        await tell(website, {"google-analytics": processor})
        page = await browser.get(answer.headers["location"])

    assert sorted(one[2]["clientId"] for one in server.asked) == ["1.11", "2.22"]
    assert page.text.count("has confirmed") == 2
