"""Each tracker after its own grant and nowhere else, with its flags, switches and way out."""

import dataclasses
import re
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.person import forms_of
from services.website.registers import configured_registers, read_registers
from services.website.rules.choices import OFFERED, Live, Signals, Visitor, change
from services.website.rules.trackers import (
    GOOGLE,
    Pixel,
    Place,
    may_load,
    may_personalise,
    may_track,
    named,
    pixel_of,
    switches,
)
from services.website.settings import WebsiteSettings
from services.website.site import SCRIPTS
from shared.disclosure.recipients import Recipient, configured_recipients
from shared.settings import SettingsError
from tests.website.site import SITES, Website, layer_of, scripts

REGISTERS = read_registers(WebsiteSettings(trackers=SITES), configured_recipients())
START = Place("/{lang}/", 200, form=False)
TRACKED = frozenset({"/", "/{lang}/"})
ANY_GRANTS = st.frozensets(st.sampled_from(OFFERED))


def visitor(*purposes: str, gpc: bool = False, ga_off: bool = False) -> Visitor:
    """Make a visitor who granted these."""
    live = {one: Live(subject_id=None, consent_id=None, version=1) for one in purposes}  # type: ignore[arg-type]
    return Visitor(Signals(asked=True, key="k", gpc=gpc, ga_off=ga_off), live)


def loaded(who: Visitor, place: Place = START) -> set[str]:
    """Name the trackers that may load."""
    return {name for name, one in REGISTERS.trackers.items() if may_load(name, one, who, place)}


@pytest.mark.rule("R-TR-00")
@given(granted=ANY_GRANTS, says=st.sets(st.sampled_from(["gpc", "off"])))
def test_a_tracker_loads_only_after_a_grant_for_it(granted: frozenset[str], says: set[str]) -> None:
    gpc, ga_off = "gpc" in says, "off" in says
    who = visitor(*granted, gpc=gpc, ga_off=ga_off)
    awake = Place("/{lang}/", 200, form=False, parameters={"sbrc"})

    for name in loaded(who, awake):
        assert REGISTERS.trackers[name].purpose in granted
        assert not gpc
        assert not (name == GOOGLE and ga_off)


@pytest.mark.rule("R-TR-00")
@pytest.mark.parametrize(
    "place",
    [
        Place("/{lang}/", 200, form=True),
        Place("/{lang}/", 404, form=False),
        Place("/{lang}/newsletter/subscribe", 200, form=False),
        Place("/{lang}/newsletter/confirm/{token}", 200, form=False),
        Place("-", 200, form=False),
    ],
)
def test_no_tracker_where_somebodys_entries_or_link_stand(place: Place) -> None:
    assert not may_track(place, TRACKED)
    assert may_track(START, TRACKED)
    assert not may_track(Place("/{lang}/a/{token}", 200, form=False), {"/{lang}/a/{token}"})


@pytest.mark.rule("R-TR-00")
def test_a_tracker_whose_transfer_nothing_allows_is_not_even_offered() -> None:
    recipients = dict(configured_recipients())
    old = recipients["hotjar"]
    recipients["hotjar"] = Recipient(**{**old.model_dump(), "transfer": "none"})
    found = read_registers(WebsiteSettings(trackers=SITES), recipients)

    assert set(REGISTERS.trackers) - set(found.trackers) == {"hotjar"}
    assert set(REGISTERS.purposes) - set(found.purposes) == {"tracker.hotjar"}


@pytest.mark.rule("R-TR-00")
def test_every_tracker_names_provider_country_transfer_and_what_can_be_deleted() -> None:
    for name, tracker in REGISTERS.trackers.items():
        recipient = REGISTERS.recipients[name]
        assert recipient.name
        assert recipient.country
        assert recipient.transfer in {"eu", "adequacy", "clauses"}
        assert set(tracker.purposes) <= recipient.purposes
        assert tracker.en.deletion
        assert tracker.de.deletion
        assert tracker.opt_out.startswith("https://")


def test_a_tracker_that_is_in_no_register_is_refused_at_start() -> None:
    with pytest.raises(SettingsError, match="EXPUNGE_TRACKERS"):
        read_registers(WebsiteSettings(trackers={"other": "1"}), configured_recipients())


@pytest.mark.rule("R-GA-01")
async def test_the_page_carries_the_flag_that_masks_addresses(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.google_analytics")
        page = await browser.get("/en/")

    tag = re.search(r"<script [^>]*google-analytics[^>]*>", page.text)
    assert tag is not None
    assert 'data-anonymize-ip="true"' in tag[0]
    assert b'anonymize_ip: anonymizeIp === "true"' in SCRIPTS["google-analytics.js"]


@pytest.mark.rule("R-GA-02")
async def test_the_opt_out_holds_for_this_browser_and_host_again_and_again(
    website: Website,
) -> None:
    async with website.browser() as browser, website.browser() as other:
        for one in (browser, other):
            await website.choose(one, "tracker.google_analytics")
        first = await website.press(browser, "/en/cookies/google-analytics")
        page = await browser.get("/en/")
        said = await browser.get(first.headers["location"])
        browser.cookies.delete("ga-disable-G-TEST1")
        forgotten = await browser.get("/en/")
        await website.press(browser, "/en/cookies/google-analytics")
        again = await browser.get("/en/")
        elsewhere = await other.get("/en/")

    cookie = first.headers["set-cookie"]
    assert cookie.startswith("ga-disable-G-TEST1=true;")
    assert "domain" not in cookie.lower()
    assert scripts(page) == scripts(again) == set()
    assert scripts(forgotten) == scripts(elsewhere) == {"google-analytics"}
    assert "this browser" in said.text


@pytest.mark.rule("R-GA-02")
async def test_the_pages_say_what_the_opt_out_is_and_where_the_extension_is(
    website: Website,
) -> None:
    async with website.browser() as browser:
        page = await browser.get("/en/cookies/google-analytics")
        policy = await browser.get("/en/data-protection-policy.html")
        before = dict(browser.cookies)

    assert "on this host only" in page.text
    assert "https://tools.google.com/dlpage/gaoptout" in page.text
    assert 'href="/en/cookies/google-analytics"' in policy.text
    assert "https://tools.google.com/dlpage/gaoptout" in policy.text
    assert before == {}


@pytest.mark.rule("R-CL-01")
def test_analysis_and_advertising_are_two_switches_off_until_granted() -> None:
    clarity, ads = "tracker.clarity", "tracker.clarity.ads"

    assert switches(visitor()) == {"analytics": "denied", "ads": "denied"}
    assert switches(visitor(clarity)) == {"analytics": "granted", "ads": "denied"}
    assert switches(visitor(clarity, ads)) == {"analytics": "granted", "ads": "granted"}
    assert switches(visitor(ads)) == {"analytics": "denied", "ads": "denied"}
    assert loaded(visitor(ads)) == set()


@pytest.mark.rule("R-CL-01")
async def test_the_page_sets_the_two_switches_as_they_were_granted(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.clarity")
        analysis = await browser.get("/en/")
        await website.choose(browser, "tracker.clarity", "tracker.clarity.ads")
        both = await browser.get("/en/")
        await website.choose(browser)
        neither = await browser.get("/en/")

    assert 'data-analytics="granted" data-ads="denied"' in analysis.text
    assert 'data-analytics="granted" data-ads="granted"' in both.text
    assert "clarity" not in neither.text.lower()
    assert b"ad_Storage: ads, analytics_Storage: analytics" in SCRIPTS["clarity.js"]


@pytest.mark.rule("R-CL-01")
@given(wanted=ANY_GRANTS)
def test_a_grant_that_widens_another_means_nothing_alone(wanted: frozenset[str]) -> None:
    what = change({}, dict.fromkeys(wanted, 1), gpc=False)

    widens = {"tracker.clarity.ads": "tracker.clarity"}
    assert what.begun == {one for one in wanted if widens.get(one, one) in wanted}


@pytest.mark.rule("R-SL-01")
def test_salesloft_wakes_on_a_click_in_its_mail_and_a_grant_together() -> None:
    clicked = Place("/{lang}/", 200, form=False, parameters={"sbrc"})
    returned = Place("/{lang}/", 200, form=False, cookies={"site_identity"})
    granted = visitor("tracker.salesloft")

    assert loaded(granted) == set()
    assert loaded(visitor(), clicked) == set()
    assert loaded(granted, clicked) == loaded(granted, returned) == {"salesloft"}


@pytest.mark.rule("R-SL-01")
async def test_a_tracked_link_alone_loads_nothing(website: Website) -> None:
    async with website.browser() as browser:
        click = await browser.get("/en/?sbrc=1a2b")
        await website.choose(browser, "tracker.salesloft")
        usual = await browser.get("/en/")
        both = await browser.get("/en/?sbrc=1a2b")

    assert scripts(click) == scripts(usual) == set()
    assert scripts(both) == {"salesloft"}


@pytest.mark.rule("R-HJ-01", "R-CL-01")
@pytest.mark.parametrize(
    ("script", "mark"), [("hotjar.js", b"data-hj-suppress"), ("clarity.js", b"data-clarity-mask")]
)
def test_what_is_typed_is_suppressed_before_anything_is_loaded(script: str, mark: bytes) -> None:
    source = SCRIPTS[script]

    assert source.index(b"input, select, textarea, form") < source.index(mark)
    assert source.index(mark) < source.index(b"document.createElement")


@pytest.mark.rule("R-HJ-01")
async def test_a_page_with_a_form_to_fill_in_has_no_recording(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.hotjar")
        found = [
            scripts(await browser.get(path))
            for path in ("/en/", "/en/cookies", "/en/cookies/settings", "/en/cookies/erase")
        ]

    assert found == [{"hotjar"}, set(), set(), set()]


@pytest.mark.rule("R-HJ-01")
def test_the_facts_about_hotjar_stand_in_the_register() -> None:
    words = REGISTERS.trackers["hotjar"].en

    for fact in ("screen size", "device", "browser", "country", "language", "sold to nobody"):
        assert fact in words.data
    assert "not covered" in words.deletion


@pytest.mark.rule("R-EL-01")
async def test_eloqua_comes_with_its_grant_and_hands_over_pages_only(website: Website) -> None:
    async with website.browser() as browser:
        before = await browser.get("/en/")
        await website.choose(browser, "tracker.eloqua")
        after = await browser.get("/en/")

    assert (scripts(before), scripts(after)) == (set(), {"eloqua"})
    calls = re.findall(rb'push\(\["(\w+)"', SCRIPTS["eloqua.js"])
    assert calls == [b"elqSetSiteId", b"elqTrackPageView"]


@pytest.mark.rule("R-EL-03")
async def test_taking_eloqua_back_leads_to_the_opt_out_that_removes_the_number(
    website: Website,
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.eloqua")
        answer = await website.choose(browser)
        saved = await browser.get(answer.headers["location"])

    assert REGISTERS.trackers["eloqua"].opt_out in saved.text
    assert "removes the number" in REGISTERS.trackers["eloqua"].en.deletion


@pytest.mark.rule("R-EL-04")
def test_contents_by_behaviour_need_a_grant_and_end_with_an_objection() -> None:
    granted = visitor("web.personalise")

    assert may_personalise(granted, objected=False)
    assert not may_personalise(granted, objected=True)
    assert not may_personalise(visitor("web.analytics"), objected=False)


@pytest.mark.rule("R-WM-01")
@given(address=st.ip_addresses(v=4))
def test_the_pixel_is_told_a_page_and_a_cut_address_and_nothing_else(address: object) -> None:
    call = pixel_of("wm1", "/{lang}/", str(address))

    assert set(Pixel.__dataclass_fields__) == {"site", "page", "network"}
    assert (call.site, call.page) == ("wm1", "/{lang}/")
    assert call.network.endswith(".0")


@pytest.mark.rule("R-WM-01")
def test_joining_a_wiredminds_profile_to_a_person_is_not_even_offered() -> None:
    assert "tracker.wiredminds.identify" not in OFFERED
    schema = Path("services/website/migrations/0001_website.sql").read_text("utf-8")
    assert "wiredminds.identify" not in schema
    assert "not merged with data about a person" in REGISTERS.trackers["wiredminds"].en.data


@pytest.mark.rule("R-CK-03")
def test_a_pattern_means_the_trackers_own_cookies() -> None:
    names = ["_ga", "_ga_X", "choices", "_hjSession_1", "_clck", "gallery"]

    assert named(REGISTERS.trackers[GOOGLE].cookies, names) == ["_ga", "_ga_X"]
    assert named(REGISTERS.trackers["hotjar"].cookies, names) == ["_hjSession_1"]


@pytest.mark.rule("R-CK-01")
def test_every_cookie_of_a_tracker_stands_in_the_cookie_register() -> None:
    lines = {(one.provider, one.name) for one in REGISTERS.cookies}
    for name, tracker in REGISTERS.trackers.items():
        for pattern in tracker.cookies:
            registered = [one for provider, one in lines if provider == name]
            assert named(registered, [pattern]), (name, pattern)


@pytest.mark.rule("R-CK-03")
async def test_a_page_with_trackers_says_what_it_runs_for_and_the_next_after_an_end_what_stands(
    website: Website,
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.google_analytics", "tracker.clarity")
        granted = await said(browser, "/en/cookies/saved", "/en/", "/en/cookies")
        await website.press(browser, "/en/cookies/google-analytics")
        google_off = await said(browser, "/en/cookies/google-analytics/off", "/en/")
        await website.choose(browser)
        refused = await said(browser, "/en/cookies/saved", "/en/")
        await website.press(browser, "/en/cookies/erase")
        erased = await said(browser, "/en/cookies/erased/own")

    both = "tracker.clarity tracker.google_analytics"
    assert granted == [[("stands", both)], [("runs", both)], []]
    assert google_off == [[("stands", "tracker.clarity")], [("runs", "tracker.clarity")]]
    assert refused == [[("stands", "")], []]
    assert erased == [[("stands", "")]]


@pytest.mark.rule("R-CK-03", "R-CK-08")
async def test_the_page_that_the_signal_ends_grants_with_says_so_and_a_redirection_leaves_it_to_it(
    website: Website,
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.google_analytics")
        browser.cookies.set("_ga", "GA1.1.11.22")
        page = await browser.get("/en/cookies/settings")
        form = next(one for one in forms_of(page.text) if one.method == "post")
        browser.headers["Sec-GPC"] = "1"
        moved = await website.post(browser, page, form, form.values)
        ended = await browser.get("/en/nothing")
        after = await said(browser, "/en/", "/en/cookies")

    assert moved.status_code == 303
    assert "choices" not in str(moved.headers.get_list("set-cookie"))
    assert told(ended) == [("stands", "")]
    assert '_ga=""; HttpOnly; Max-Age=0' in str(ended.headers.get_list("set-cookie"))
    assert after == [[], []]


@pytest.mark.rule("R-CK-03", "R-CK-08")
async def test_who_ends_something_by_a_banner_that_asks_anew_sees_what_holds_now(
    website: Website,
) -> None:
    where, pages = [], []
    for granted in ((), ("tracker.google_analytics",)):
        async with website.browser() as browser:
            await website.choose(browser, *granted)
            key = browser.cookies["choices"].partition(".")[2]
            browser.cookies.clear()
            browser.headers["Cookie"] = f"choices=00000000.{key}"  # of an earlier revision
            page = await browser.get("/en/")
            form = next(one for one in forms_of(page.text) if one.values.get("by") == "banner")
            answer = await website.post(browser, page, form, form.values)
            del browser.headers["Cookie"]
            where.append(answer.headers["location"])
            pages += await said(browser, where[-1])

    assert where == ["/en/", "/en/cookies/saved"]
    assert pages == [[], [("stands", "")]]


async def said(browser: httpx2.AsyncClient, *paths: str) -> list[list[tuple[str, str]]]:
    """Give what the script that ends trackers in other windows is told on each page."""
    return [told(await browser.get(path)) for path in paths]


def told(page: httpx2.Response) -> list[tuple[str, str]]:
    """Give what that script is told on a page."""
    tags = re.findall(r'<script src="/assets/trackers/standing-\w+\.js"([^>]*)>', page.text)
    return re.findall(r'data-(\w+)="([^"]*)"', "".join(tags))


@pytest.mark.rule("R-CK-03", "R-GA-03")
async def test_a_trackers_cookie_does_not_outlive_its_grant_whatever_ended_it(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.google_analytics", "tracker.hotjar")
        browser.cookies.set("_ga", "GA1.1.51.52")
        browser.cookies.set("_hjSession_4711", "x")
        browser.cookies.set("gallery", "ours")
        granted = await browser.get("/en/")
        async with website.eraser.begin() as tx:  # half a year is over, and nobody was here
            await tx.execute("update deadline set due_at = now() where kind = 'over'")
        await website.clock()
        over = await browser.get("/en/cookies")
        browser.cookies.delete("_ga")
        registers = configured_registers()
        used = {name: one for name, one in registers.trackers.items() if name != "hotjar"}
        less = dataclasses.replace(registers, trackers=used)
        layer = layer_of(website.app)
        monkeypatch.setattr(layer, "_site", dataclasses.replace(layer._site, registers=less))
        unused = await browser.get("/en/")

    assert deleted(granted) == set()
    assert deleted(over) == {"_ga", "_hjSession_4711"}
    assert deleted(unused) == {"_hjSession_4711"}


def deleted(answer: httpx2.Response) -> set[str]:
    """Name the cookies that an answer deletes."""
    cookies = answer.headers.get_list("set-cookie")
    return {one.split("=")[0] for one in cookies if "Max-Age=0" in one}


@pytest.mark.rule("R-CK-03")
async def test_what_trackers_kept_beside_cookies_goes_with_the_answer_that_ends_one(
    website: Website,
) -> None:
    async with website.browser() as browser:
        given = await website.choose(browser, "tracker.hotjar")
        page = await browser.get("/en/")
        less = await website.choose(browser)
        await website.choose(browser, "tracker.hotjar")
        erased = await website.press(browser, "/en/cookies/erase")
        await website.choose(browser, "tracker.hotjar")
        browser.headers["Sec-GPC"] = "1"
        signal = await browser.get("/en/")

    cleared = [one.headers.get("clear-site-data") for one in (given, page, less, erased, signal)]
    assert cleared == [None, None, '"storage"', '"storage"', '"storage"']


@pytest.mark.rule("R-CK-01")
@pytest.mark.parametrize(("lang", "where"), [("de", "Vereinigte Staaten"), ("en", "United States")])
async def test_the_list_says_where_data_goes_and_on_which_domain_documents_are_opened(
    website: Website, monkeypatch: pytest.MonkeyPatch, lang: str, where: str
) -> None:
    site = layer_of(website.app)._site
    async with website.browser() as browser:
        own = await browser.get(f"/{lang}/cookies")
        chosen = site.chosen.model_copy(update={"onlineplus_domain": "example.org"})
        served = site.web.settings.model_copy(update={"development": False})
        web = dataclasses.replace(site.web, settings=served)
        other = dataclasses.replace(site, chosen=chosen, web=web)
        monkeypatch.setattr(layer_of(website.app), "_site", other)
        shared = await browser.get(f"/{lang}/cookies")

    assert where in own.text
    assert line_of(own, "ONLINEPLUS").count(site.host) == 1
    assert "· example.org ·" in line_of(shared, "ONLINEPLUS")
    assert f"· {site.host} ·" in line_of(shared, "choices")


def line_of(page: httpx2.Response, cookie: str) -> str:
    """Give the list's line about a cookie."""
    return page.text.partition(f"<code>{cookie}</code>")[2].partition("</li>")[0]
