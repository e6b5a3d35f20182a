"""A sign-up that nobody confirms is deleted, not flagged."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from contracts.messages import SliceErased, SubjectsClosed
from contracts.vocabulary import Outcome, Reason
from tests.newsletter.site import Newsletter


async def _let_time_pass(newsletter: Newsletter, address: str, time: timedelta) -> None:
    async with newsletter.app.begin() as tx:
        for statement in (
            "update pending set submitted_at = submitted_at - $2::interval where email = $1",
            """
            update token set expires_at = expires_at - $2::interval
             where subject_id in (select subject_id from pending where email = $1)
            """,
            """
            update deadline set due_at = due_at - $2::interval
             where subject_id in (select subject_id from pending where email = $1)
            """,
        ):
            await tx.execute(statement, address, time)


async def _put_off(newsletter: Newsletter, address: str) -> UUID:
    """Wait until the mailer has put the second mail off: it lets go of the subject's row then."""
    waits = """
        select subject_id from pending join mail using (subject_id)
         where email = $1 and next_try_at > now() + interval '1 minute'
        """
    async with asyncio.timeout(30):
        while (row := await newsletter.row(waits, address)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    subject_id: UUID = row["subject_id"]
    return subject_id


@pytest.mark.rule("R-NL-04")
async def test_after_the_window_row_names_links_and_mails_are_gone(newsletter: Newsletter) -> None:
    ada, grace = newsletter.address(), newsletter.address()
    for address in (ada, grace):
        await newsletter.subscribe(address, first_name="Ada", last_name="Lovelace")
    link = await newsletter.link(ada, "/confirm/")
    subject_id = (await newsletter.row("select subject_id from pending where email = $1", ada))[0]
    before = len(await newsletter.told())
    await _let_time_pass(newsletter, ada, newsletter.config.doi_ttl)

    done = await newsletter.clock()
    late = await newsletter.client.get(link)

    assert done == 1
    assert await newsletter.everything(subject_id) == {}
    assert (late.status_code, "too old" in late.text) == (404, True)
    closed, receipt = (await newsletter.told())[before:]
    assert isinstance(closed, SubjectsClosed)
    assert isinstance(receipt, SliceErased)
    assert closed.subject_ids == (subject_id,)
    assert (receipt.reason, receipt.outcome) == (Reason.UNCONFIRMED, Outcome.DELETED)
    assert receipt.request_id is None
    assert receipt.rows["pending"] == 1
    assert await newsletter.count("select count(*) from pending where email = $1", grace) == 1


@pytest.mark.rule("R-NL-04")
async def test_within_the_window_nothing_is_deleted(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada)
    await _let_time_pass(newsletter, ada, newsletter.config.doi_ttl - timedelta(minutes=1))

    assert await newsletter.clock() == 0
    assert (await newsletter.press(await newsletter.link(ada, "/confirm/"))).status_code == 303


@pytest.mark.rule("R-NL-04")
async def test_a_late_click_fails_even_where_the_clock_has_not_deleted_yet(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada)
    link = await newsletter.link(ada, "/confirm/")
    await _let_time_pass(newsletter, ada, newsletter.config.doi_ttl)

    page = await newsletter.client.get(link)
    posted = await newsletter.client.post(
        link, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert (page.status_code, posted.status_code) == (404, 404)
    assert await newsletter.count("select count(*) from subscriber where email = $1", ada) == 0


@pytest.mark.rule("R-NL-04")
async def test_a_mail_that_still_waits_goes_with_the_sign_up(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    sent = (await newsletter.subscribe(ada)).headers["location"]
    await newsletter.link(ada, "/confirm/")
    await newsletter.press(sent)  # the second mail waits for the quota
    subject_id = await _put_off(newsletter, ada)
    assert (await newsletter.everything(subject_id))["mail"] == 1
    await _let_time_pass(newsletter, ada, newsletter.config.doi_ttl)

    await newsletter.clock()

    assert await newsletter.everything(subject_id) == {}
    assert len(newsletter.mailbox(ada)) == 1


async def test_a_mail_under_way_is_waited_for(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    sent = (await newsletter.subscribe(ada)).headers["location"]
    await newsletter.link(ada, "/confirm/")
    await newsletter.press(sent)
    subject_id = await _put_off(newsletter, ada)
    await _let_time_pass(newsletter, ada, newsletter.config.doi_ttl)
    lease = "update mail set leased_until = now() + $2::interval where subject_id = $1"
    async with newsletter.app.begin() as tx:
        await tx.execute(lease, subject_id, timedelta(seconds=20))

    await newsletter.clock()
    during = await newsletter.everything(subject_id)
    async with newsletter.app.begin() as tx:
        await tx.execute(lease, subject_id, timedelta(seconds=-1))
        await tx.execute("update deadline set due_at = now() where subject_id = $1", subject_id)
    await newsletter.clock()

    assert during["pending"] == during["deadline"] == 1
    assert await newsletter.everything(subject_id) == {}
