"""Taking it back: as easy as giving it, and it deletes."""

import pytest

from contracts.messages import ConsentWithdrawn, SliceErased
from contracts.vocabulary import Method, Reason
from shared.mail import masked
from tests.newsletter.site import Newsletter, path_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.rule("R-NL-06")
async def test_opening_the_link_shows_half_the_address_and_changes_nothing(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    subject_id = await newsletter.subscribed(ada, first_name="Ada")
    link = await newsletter.link(ada, "/unsubscribe/", count=2)

    pages = [await newsletter.client.get(link) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]
    assert masked(ada) in pages[0].text
    assert ada not in pages[0].text
    assert (await newsletter.everything(subject_id))["subscriber"] == 1


@pytest.mark.rule("R-7-01", "R-NL-06", "R-NL-08")
async def test_one_button_ends_it_at_once_and_the_worker_deletes_everything(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    subject_id = await newsletter.subscribed(ada, first_name="Ada")
    link = await newsletter.link(ada, "/unsubscribe/", count=2)
    before = len(await newsletter.told())

    answer = await newsletter.press(link)
    done = await newsletter.client.get(answer.headers["location"])
    live = "select count(*) from subscriber where subject_id = $1 and ended_at is null"
    stopped = await newsletter.count(live, subject_id) == 0
    await newsletter.clock()

    assert stopped
    assert "You are unsubscribed" in done.text
    assert await newsletter.everything(subject_id) == {}
    told = (await newsletter.told())[before:]
    (ended,) = [one for one in told if isinstance(one, ConsentWithdrawn)]
    (receipt,) = [one for one in told if isinstance(one, SliceErased)]
    assert ended.method is Method.PAGE
    assert (receipt.reason, receipt.request_id) == (Reason.WITHDRAWN, None)
    assert {"subject": 1, "subscriber": 1, "consent": 1}.items() <= receipt.rows.items()


@pytest.mark.rule("R-NL-06")
async def test_one_click_of_a_mail_program_is_answered_without_a_redirection(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    subject_id = await newsletter.subscribed(ada)
    link = await newsletter.link(ada, "/unsubscribe/", count=2)
    before = len(await newsletter.told())

    answers = [
        await newsletter.client.post(link, content="List-Unsubscribe=One-Click", headers=FORM)
        for _ in range(2)
    ]
    await newsletter.clock()
    late = await newsletter.client.post(link, content="List-Unsubscribe=One-Click", headers=FORM)

    assert [answer.status_code for answer in (*answers, late)] == [200, 200, 200]
    assert await newsletter.everything(subject_id) == {}
    told = (await newsletter.told())[before:]
    methods = [one.method for one in told if isinstance(one, ConsentWithdrawn)]
    assert methods == [Method.ONE_CLICK]


@pytest.mark.rule("R-NL-06")
async def test_one_click_works_as_multipart_too(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    await newsletter.subscribed(ada)
    link = await newsletter.link(ada, "/unsubscribe/", count=2)

    answer = await newsletter.client.post(link, files={"List-Unsubscribe": (None, "One-Click")})

    assert answer.status_code == 200
    live = "select count(*) from subscriber where email = $1 and ended_at is null"
    assert await newsletter.count(live, ada) == 0


@pytest.mark.rule("R-NL-07")
async def test_who_has_not_confirmed_yet_can_take_it_back(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada, "de", first_name="Ada")
    (mail,) = await newsletter.mails(ada, "/unsubscribe/")
    links = {
        part: path_of(next(link for link in mail.links if part in link))
        for part in ("/unsubscribe/", "/confirm/")
    }
    subject_id = (await newsletter.row("select subject_id from pending where email = $1", ada))[0]

    answer = await newsletter.press(links["/unsubscribe/"])
    dead = await newsletter.client.get(links["/confirm/"])
    await newsletter.clock()

    assert answer.status_code == 303
    assert (dead.status_code, "Dieser Link ist zu alt" in dead.text) == (404, True)
    assert await newsletter.everything(subject_id) == {}


@pytest.mark.rule("R-NL-08")
async def test_who_left_may_come_back_as_a_stranger_at_once(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    before = await newsletter.subscribed(ada, first_name="Ada")
    await newsletter.press(await newsletter.link(ada, "/unsubscribe/", count=2))
    await newsletter.clock()

    await newsletter.subscribe(ada)
    mails = await newsletter.mails(ada, "/confirm/", count=2)
    await newsletter.press(path_of(next(link for link in mails[1].links if "/confirm/" in link)))

    row = await newsletter.row(
        "select subject_id, first_name from subscriber where email = $1", ada
    )
    assert row["subject_id"] != before
    assert row["first_name"] is None
    assert "already" not in mails[1].subject


@pytest.mark.rule("R-NL-06")
async def test_a_link_that_belongs_to_nobody_says_so(newsletter: Newsletter) -> None:
    page = await newsletter.client.get(f"/en/newsletter/unsubscribe/{'A' * 43}")
    odd = await newsletter.client.get("/en/newsletter/unsubscribe/x")

    assert (page.status_code, "no subscription" in page.text) == (404, True)
    assert odd.status_code == 404


async def test_another_site_cannot_press_the_button(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    await newsletter.subscribed(ada)
    link = await newsletter.link(ada, "/unsubscribe/", count=2)

    answer = await newsletter.client.post(
        link, headers=FORM | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403
    live = "select count(*) from subscriber where email = $1 and ended_at is null"
    assert await newsletter.count(live, ada) == 1
