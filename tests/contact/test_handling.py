"""Answered, clarified, overtaken by silence, kept by law: open -> answered -> clarified -> gone."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest
import structlog

from contracts.messages import ConsentWithdrawn, SliceErased, SubjectsClosed
from contracts.vocabulary import Ground, Outcome, Reason
from services.contact import handling, store
from services.contact.rules import LETTER_YEARS, State
from services.contact.settings import FOLDER, LATE, SILENT
from shared.clock import berlin_day
from shared.web.wordings import read_wordings
from tests.client import solve
from tests.contact.site import Site, question

WORDINGS = read_wordings(FOLDER)
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def state_of(site: Site, case: object) -> State:
    """Say where a case is."""
    async with site.app.begin() as tx:
        found = await store.find_case(tx, case)  # type: ignore[arg-type]
    return State.CLARIFIED if found is None else found.state


@pytest.mark.rule("R-CT-07")
async def test_an_answer_is_mailed_to_the_person_and_kept_with_the_case(site: Site) -> None:
    ada = site.address()
    case = await site.written(ada, "Zz-secret-question")
    await site.mails(ada)

    await site.answered(case, "First *line*\nsecond line\n\n<b>New</b> paragraph")

    mail = (await site.mails(ada, 2))[-1]
    assert "First *line*\r\nsecond line" in mail.text
    assert "<b>New</b> paragraph" in mail.text
    assert "&lt;b&gt;New&lt;/b&gt;" in mail.html
    assert "Zz-secret-question" not in mail.text + mail.html
    assert "Zz-secret-question" not in (await site.mails(ada))[0].text
    assert await state_of(site, case) is State.ANSWERED
    page = await site.inside.get(f"/en/contact/desk/case/{case}")
    assert "Zz-secret-question" in page.text
    assert "second line" in page.text


@pytest.mark.rule("R-CT-07")
async def test_an_answers_words_stand_in_one_table(site: Site) -> None:
    case = await site.written(site.address(), "zqQuestion")
    site.gate.opened.clear()  # so that the mail still waits where it is queued
    try:
        await site.at_desk(f"/case/{case}", {"answer": "zqAnswer"})
        found = await _tables_with(site, "zqQuestion", "zqAnswer")
    finally:
        site.gate.opened.set()

    assert found == {"letter"}


async def _tables_with(site: Site, *markers: str) -> set[str]:
    owner = await asyncpg.connect(site.settings.database_url("contact", "owner"))
    tables = await owner.fetch("select tablename from pg_tables where schemaname = 'public'")
    found = {
        name
        for (name,) in tables
        for marker in markers
        if await owner.fetchval(
            f'select exists (select from "{name}" t where t::text like $1)', f"%{marker}%"
        )
    }
    await owner.close()
    return found


@pytest.mark.rule("R-CT-06")
async def test_a_closed_case_is_deleted_with_a_receipt(site: Site) -> None:
    ada = site.address()
    case = await site.written(ada)
    await site.answered(case)
    before = len(await site.told(SliceErased))

    closed = await site.at_desk(f"/case/{case}/close", {"duty": "none"})
    page = await site.inside.get(f"/en/contact/desk/case/{case}")
    await site.clock()

    assert (closed.status_code, page.status_code) == (303, 404)
    assert await site.left_of(case) == {}
    [receipt] = (await site.told(SliceErased))[before:]
    assert (receipt.reason, receipt.outcome, receipt.request_id) == (
        Reason.PURPOSE_ENDED, Outcome.DELETED, None,
    )  # fmt: skip
    assert receipt.rows["letter"] == 2
    assert (await site.told(SubjectsClosed))[-1].subject_ids == (case,)


@pytest.mark.rule("R-CT-06")
async def test_silence_after_the_answer_clarifies_after_the_window(site: Site) -> None:
    case = await site.written(site.address())
    await site.answered(case)
    before = len(await site.told(SliceErased))

    await site.pass_time(case, "29 days 23 hours")
    await site.clock()
    still = await state_of(site, case)
    await site.pass_time(case, "1 hour")
    await site.clock()

    assert still is State.ANSWERED
    assert await site.left_of(case) == {}
    [receipt] = (await site.told(SliceErased))[before:]
    assert receipt.reason is Reason.RETENTION_OVER


@pytest.mark.rule("R-CT-06")
async def test_an_open_case_never_just_goes_and_is_shown_as_overdue(site: Site) -> None:
    case = await site.written(site.address())
    async with site.app.begin() as tx:
        await tx.execute(
            "update inquiry set asked_at = asked_at - interval '400 days' where subject_id = $1",
            case,
        )
    await site.pass_time(case, "400 days")

    with structlog.testing.capture_logs() as lines:
        await site.clock()

    page = await site.inside.get("/en/contact/desk")
    assert await state_of(site, case) is State.OPEN
    assert "400 days" in page.text
    assert "<strong>overdue</strong>" in page.text
    again = await site.row(
        "select due_at > now() from deadline where subject_id = $1 and kind = $2", case, LATE
    )
    assert again[0]
    assert "cases-overdue" in {line["event"] for line in lines}


@pytest.mark.rule("R-CT-06")
async def test_who_writes_again_waits_again(site: Site) -> None:
    ada = site.address()
    case = await site.written(ada)
    await site.answered(case)
    link = (await site.link(ada, count=2)).removesuffix("/end")

    answer = await site.press(link, {"message": "And then?"})
    await site.pass_time(case, "60 days")
    await site.clock()

    assert "has reached us" in (await site.client.get(answer.headers["location"])).text
    assert await state_of(site, case) is State.OPEN
    async with site.app.begin() as tx:
        letters = [one.text for one in await store.letters_of(tx, case)]
    assert letters == ["How do I?", "You do it so.", "And then?"]


@pytest.mark.rule("R-CT-06", "R-17-01")
async def test_what_a_law_keeps_is_held_to_its_day_and_nothing_else(site: Site) -> None:
    ada = site.address()
    case = await site.written(ada, "We order ten.")
    await site.answered(case)
    before = len(await site.told(SliceErased))
    async with site.eraser.begin() as tx:  # written last year, closed in this one
        await tx.execute(
            """
            update letter
               set written_at = written_at - interval '1 year',
                   sent_at = sent_at - interval '1 year'
             where subject_id = $1
            """,
            case,
        )

    await site.at_desk(f"/case/{case}/close", {"duty": "ao-147-3"})
    await site.clock()

    assert await site.left_of(case) == {}
    [receipt] = (await site.told(SliceErased))[before:]
    [held] = receipt.held
    year = berlin_day(datetime.now(UTC)).year - 1 + LETTER_YEARS
    assert (receipt.outcome, receipt.reason) == (Outcome.HELD, Reason.PURPOSE_ENDED)
    assert (held.ground, held.reference, held.rows) == (Ground.LEGAL_OBLIGATION, "ao-147-3", 3)
    assert berlin_day(held.until).isoformat() in {f"{year}-12-31", f"{year + 1}-01-01"}


@pytest.mark.rule("R-CT-06")
async def test_closing_asks_for_the_duty_and_takes_no_silence(site: Site) -> None:
    case = await site.written(site.address())

    back = await site.at_desk(f"/case/{case}/close", {"duty": ""})

    assert back.status_code == 422
    assert "Say whether a law keeps these letters" in back.text
    assert await state_of(site, case) is State.OPEN


@pytest.mark.rule("R-CT-06")
async def test_an_answer_under_way_is_not_deleted_with_its_case(site: Site) -> None:
    case = await site.written(site.address())
    site.gate.opened.clear()
    try:
        async with site.app.begin() as tx:
            await handling.answer(tx, case, "Soon.", WORDINGS)
            await tx.execute(
                "update mail set next_try_at = now() + interval '1 day' where subject_id = $1",
                case,
            )
        refused = await site.at_desk(f"/case/{case}/close", {"duty": "none"})
    finally:
        site.gate.opened.set()

    assert refused.status_code == 409
    assert "still on its way" in refused.text
    assert await state_of(site, case) is State.ANSWERED


@pytest.mark.rule("R-CT-06")
async def test_an_answer_that_never_arrived_answered_nobody(site: Site) -> None:
    case = await site.written(site.address())
    async with site.app.begin() as tx:
        await handling.answer(tx, case, "Lost.", WORDINGS)
        letter = (await store.letters_of(tx, case))[-1]
        await tx.execute("delete from mail where subject_id = $1", case)

    async with site.app.begin() as tx:
        await handling.not_sent(tx, case, letter.letter_id)

    assert await state_of(site, case) is State.OPEN
    assert not await site.count(
        "select count(*) from deadline where subject_id = $1 and kind = $2", case, SILENT
    )


@pytest.mark.rule("R-CT-08")
@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "answered"])
async def test_taking_it_back_stops_and_deletes_answered_or_not(
    site: Site,
    answered: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    ada = site.address()
    case = await site.written(ada)
    if answered:
        await site.answered(case)
    link = await site.link(ada, count=2 if answered else 1)
    before = len(await site.told(SliceErased))

    looked = await site.client.get(link)
    unchanged = await state_of(site, case)
    ended = await site.press(link)
    stopped = await state_of(site, case)
    refused = await site.inside.get(f"/en/contact/desk/case/{case}")
    await site.clock()

    assert (looked.status_code, ended.status_code) == (200, 303)
    assert (unchanged, stopped, refused.status_code) == (
        State.ANSWERED if answered else State.OPEN, State.CLARIFIED, 404,
    )  # fmt: skip
    assert "We have stopped" in (await site.client.get(ended.headers["location"])).text
    assert await site.left_of(case) == {}
    [receipt] = (await site.told(SliceErased))[before:]
    assert (receipt.reason, receipt.outcome) == (Reason.WITHDRAWN, Outcome.DELETED)
    assert await site.told(ConsentWithdrawn)
    assert (await site.client.get(link)).status_code == 404


@pytest.mark.rule("R-CT-08")
async def test_taking_it_back_holds_an_answer_that_has_not_left(site: Site) -> None:
    ada = site.address()
    case = await site.written(ada)
    link = await site.link(ada)
    async with site.app.begin() as tx:
        await handling.answer(tx, case, "Too late.", WORDINGS)
        await tx.execute(
            "update mail set next_try_at = now() + interval '1 hour' where subject_id = $1", case
        )

    await site.press(link)
    async with site.app.begin() as tx:
        await tx.execute("update mail set next_try_at = now()")
        tx.wrote_mail()
    await site.clock()
    await site.until("select count(*) = 0 from mail where subject_id = $1", case)

    assert len(site.mailbox(ada)) == 1


@pytest.mark.rule("R-CT-05")
async def test_two_posts_at_once_make_one_case(site: Site) -> None:
    ada = site.address()
    page = await site.client.get("/en/contact/message")
    entries = {"email": ada, "message": "Twice", "sum": solve(question(page))}
    first, second = await asyncio.gather(site.post(page, entries), site.post(page, entries))

    assert first.headers["location"] == second.headers["location"]
    assert await site.count("select count(*) from inquiry where email = $1", ada) == 1
