"""Our own front's log, visitors who agreed to be known, and what an objection ends."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from contracts.messages import SliceErased, SubjectsClosed
from contracts.vocabulary import Outcome, Reason
from services.website import store
from services.website.tasks import turn_days
from services.website.unlinking import unlink_closed
from shared.saga.claims import Claim
from shared.saga.credentials import bearer, own_credential
from shared.web import internal_app
from tests.website.site import Website, scripts

ANALYTICS = "web.analytics"
GOOGLE = "tracker.google_analytics"
CANARY = "zq7Canary"
HOME = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}


async def visitor_of(website: Website) -> UUID:
    """Give the latest visitor."""
    row = await website.row(
        """
        select subject_id from granted join consent using (subject_id)
         where granted.purpose = $1 order by granted_at desc limit 1
        """,
        ANALYTICS,
    )
    return UUID(str(row[0]))


async def everything(website: Website) -> str:
    """Give every row of the log and of the totals, as one text."""
    rows = await website.rows(
        "select a::text from access a union all select t::text from total t"
        " union all select v::text from visit v"
    )
    return " ".join(row[0] for row in rows)


@pytest.mark.rule("R-LOG-01", "R-LOG-03")
async def test_our_own_front_notes_route_templates_and_nothing_else(website: Website) -> None:
    async with website.browser(**HOME) as browser:
        await browser.get(
            f"/en/?email={CANARY}", headers={"Referer": f"http://x.example/?{CANARY}"}
        )
        await browser.get(
            f"/en/cookies/erased/{CANARY}",
            headers={"Cookie": CANARY, "Authorization": CANARY, "X-Forwarded-For": CANARY},
        )
        await browser.get(f"/reset/{CANARY}")
        await browser.post("/en/cookies", content=f"back=/{CANARY}", headers={"Accept": CANARY})
    await website.written()
    rows = await website.rows("select url, browser, system, address from access")

    assert {row["url"] for row in rows} >= {"/en/", "/en/cookies/erased/{cases}", "-"}
    assert {(row["browser"], row["system"]) for row in rows} >= {("Firefox 145", "Linux")}
    assert CANARY not in await everything(website)


@pytest.mark.rule("R-LOG-04")
async def test_a_download_is_counted_by_its_file(website: Website) -> None:
    async with website.browser() as browser:
        answer = await browser.get("/de/data-protection-policy/v1.md")
    await website.written()
    row = await website.row(
        "select count, kind from total where value = 'data-protection-policy.v1.de.md'"
    )

    assert answer.status_code == 200
    assert tuple(row) == (1, "download")


@pytest.mark.rule("R-LOG-05", "R-LOG-02")
async def test_a_visitor_is_known_after_a_consent_and_with_a_cut_network(
    website: Website,
) -> None:
    async with website.browser() as stranger, website.browser() as visitor:
        await stranger.get("/en/")
        await website.choose(visitor, ANALYTICS)
        await visitor.get("/de/")
        held = dict(stranger.cookies)
    await website.written()
    rows = await website.rows("select * from visit where url = '/de/'")
    addresses = await website.rows("select distinct address from access")

    assert held == {}
    assert [row["subject_id"] for row in rows] == [await visitor_of(website)]
    assert {row["network"] for row in rows} == {"127.0.0.0"}
    assert {row["address"] for row in addresses} >= {"127.0.0.1"}


@pytest.mark.rule("R-LOG-02")
async def test_the_database_refuses_a_whole_address_of_a_visitor(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS)
    subject = await visitor_of(website)

    with pytest.raises(asyncpg.CheckViolationError):
        async with website.eraser.begin() as tx:
            await tx.execute(
                "insert into visit values ($1, now(), 1, '203.0.113.77', '', '', '/', '', '', '',"
                " '', true, false)",
                subject,
            )


@pytest.mark.rule("R-LOG-08", "R-LOG-05")
async def test_an_objection_ends_analysis_and_leaves_the_technical_log_alone(
    website: Website,
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS, GOOGLE)
        await browser.get("/en/")
        await website.written()
        subject = await visitor_of(website)
        technical = await website.count("select count(*) from access")
        answer = await website.press(browser, "/en/cookies/counting", {"objection": "yes"})
        said = await browser.get(answer.headers["location"])
        await website.clock()
        await website.written()
        counted = await website.count("select coalesce(sum(count), 0) from total")
        later = await browser.get("/en/")
        await website.written()

    assert await website.count("select count(*) from visit where subject_id = $1", subject) == 0
    assert await website.count("select count(*) from subject where subject_id = $1", subject) == 0
    assert await website.count("select count(*) from access") > technical
    assert await website.count("select coalesce(sum(count), 0) from total") == counted
    assert "technical log, without which no site can be run, is not affected" in said.text
    assert "not recognised" in said.text
    assert scripts(later) == {"google-analytics"}, "another consent is another matter"


@pytest.mark.rule("R-LOG-08")
async def test_an_objection_to_counting_can_be_taken_back(website: Website) -> None:
    async with website.browser() as browser:
        first = await website.press(browser, "/en/cookies/counting", {"objection": "yes"})
        off = await browser.get(first.headers["location"])
        held = dict(browser.cookies)
        second = await website.press(browser, "/en/cookies/counting", {"objection": ""})
        on = await browser.get(second.headers["location"])

    assert held == {"counting": "no"}
    assert "no longer part of the counts" in off.text
    assert "are part of the counts" in on.text
    assert "set-cookie" not in on.headers


@pytest.mark.rule("R-LOG-07")
async def test_days_that_go_leave_a_receipt_with_its_reason(website: Website) -> None:
    async with website.browser() as browser:
        await browser.get("/en/")
    await website.written()
    async with website.eraser.begin() as tx:  # the newest lines, as if they were three days old
        await tx.execute("update access set at = at - interval '3 days'")
        lines = await tx.fetchval("select count(*) from access")
    before = len(await website.told())

    gone = await turn_days(website.eraser, timedelta(days=2))
    again = await turn_days(website.eraser, timedelta(days=2))
    async with website.eraser.begin() as tx:
        await store.make_days(tx, timedelta(days=7))
    said = (await website.told())[before:]

    assert (gone, again) == (lines, 0)
    assert [
        (one.reason, one.outcome, dict(one.rows)) for one in said if isinstance(one, SliceErased)
    ] == [(Reason.RETENTION_OVER, Outcome.DELETED, {"access": lines})]


async def link(website: Website, choices: str, account: UUID, who: str = "registration") -> bool:
    """Ask for a link as the account's service does."""
    settings = website.settings
    app = internal_app(settings, website.app.state.web.parts, beside=website.app)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://internal") as client:
        answer = await client.post(
            "/internal/v1/visitor-links",
            json={"choices": choices, "account_id": str(account)},
            headers=bearer(own_credential(settings, who)),
        )
    return bool(answer.json().get("linked"))


@pytest.mark.rule("R-LOG-06")
async def test_only_a_visitor_who_agreed_is_linked_to_an_account(website: Website) -> None:
    account = uuid4()
    async with website.browser() as browser, website.browser() as other:
        await website.choose(browser, ANALYTICS)
        await website.choose(other, "tracker.google_analytics")
        allowed, refused = browser.cookies["choices"], other.cookies["choices"]

    assert await link(website, allowed, account)
    assert not await link(website, refused, account)
    assert not await link(website, "00000000.no", account)
    assert not await link(website, allowed, account, who="newsletter")
    assert not await link(website, allowed, uuid4())  # it is another account's already
    assert (
        await website.count("select count(*) from visitor_link where account_id = $1", account) == 1
    )


@pytest.mark.rule("R-LOG-06")
async def test_erasing_an_account_takes_its_visitors_and_the_old_id_never_comes_back(
    website: Website,
) -> None:
    account = uuid4()
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS, "web.personalise")
        await browser.get("/en/")
        await website.written()
        old = browser.cookies["choices"]
        await link(website, old, account)
        subject = await visitor_of(website)
        async with website.eraser.begin() as tx:
            until = tx.now + timedelta(hours=1)
            found = await store.find_subjects(
                tx, [Claim(account, until, subjects=(account,))], until
            )
            await tx.execute("select delete_subjects($1)", list(found[account]))
        again = await link(website, old, account)
        await website.choose(browser, ANALYTICS, "web.personalise")
        new = browser.cookies["choices"]

    assert found == {account: {subject}}
    assert not again
    assert old != new
    assert await visitor_of(website) != subject
    assert await website.count("select count(*) from visit where subject_id = $1", subject) == 0


@pytest.mark.rule("R-LOG-06")
async def test_an_account_that_went_by_itself_leaves_no_visits_and_a_fence(
    website: Website,
) -> None:
    account, request = uuid4(), uuid4()
    async with website.browser() as browser, website.browser() as other:
        for one in (browser, other):
            await website.choose(one, ANALYTICS)
            await one.get("/en/")
        await website.written()
        await link(website, browser.cookies["choices"], account)
        sql = "select subject_id from visitor_link where account_id = $1"
        subject = (await website.row(sql, account))["subject_id"]
        before = await website.count("select count(*) from visit where subject_id <> $1", subject)

        for by in ("newsletter", "registration", "registration"):  # nobody else closes an account
            await heard(website, by, request, account)
        told = [one for one in await website.told() if isinstance(one, SliceErased)]
        again = await link(website, browser.cookies["choices"], uuid4())

    assert told[-1].rows == {"visitor_link": 1, "visit": 1}
    assert (told[-1].reason, told[-1].closed_count) == (Reason.PURPOSE_ENDED, 0)
    assert await website.count("select count(*) from visit where subject_id = $1", subject) == 0
    assert await website.count("select count(*) from visit") == before, "nobody else's"
    assert await website.count("select count(*) from granted where subject_id = $1", subject) == 1
    assert not again, "a blank link is a fence"
    async with website.eraser.begin() as tx:  # the request that closed it comes after it
        until = tx.now + timedelta(hours=1)
        claim = Claim(request, until, subjects=(account,))
        assert await store.find_subjects(tx, [claim], until) == {request: {subject}}
        assert not await store.find_subjects(
            tx, [Claim(uuid4(), until, subjects=(account,))], until
        )


async def heard(website: Website, by: str, request: UUID, account: UUID) -> None:
    """Let the website hear that a service closed an id."""
    said = SubjectsClosed(
        receipt_id=uuid4(), request_id=request, attempt=0, number=1, of=1, subject_ids=(account,)
    )
    line: Any = SimpleNamespace(event=SimpleNamespace(source=by), message=said)
    async with website.eraser.begin() as tx:
        await unlink_closed(tx, [line])


@pytest.mark.rule("R-LOG-06")
async def test_a_new_choice_turns_the_key_and_keeps_what_stays(website: Website) -> None:
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS)
        subject, old = await visitor_of(website), browser.cookies["choices"]
        await website.choose(browser, ANALYTICS, "web.personalise")
        account = uuid4()

        assert await visitor_of(website) == subject
        assert not await link(website, old, account)
        assert await link(website, browser.cookies["choices"], account)


async def test_an_address_leads_to_nobody_here(website: Website) -> None:
    async with website.eraser.begin() as tx:
        claim = Claim(uuid4(), tx.now, addresses=("ada@example.org",))
        assert await store.find_subjects(tx, [claim], tx.now) == {}


@pytest.mark.rule("R-WM-01")
@pytest.mark.parametrize("purpose", ["tracker.wiredminds.identify", "tracker.eloqua.link"])
async def test_a_link_serves_one_purpose_and_no_other_can_be_written(
    website: Website, purpose: str
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, ANALYTICS)
    subject = await visitor_of(website)

    with pytest.raises(asyncpg.CheckViolationError):
        async with website.eraser.begin() as tx:
            await tx.execute(
                "insert into visitor_link values ($1, $2, $3, now())", subject, uuid4(), purpose
            )
