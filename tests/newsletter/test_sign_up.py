"""From the form to the subscription: double opt-in."""

import asyncio
import hashlib
import re
from urllib.parse import urlsplit

import pytest

from contracts.messages import ConsentGranted, ConsentWithdrawn, SliceErased
from contracts.vocabulary import Language, Method, Reason
from tests.newsletter.site import Newsletter, path_of, posting_form

SECRET = re.compile(r"[A-Za-z0-9_-]{43,}|NL-[0-9A-F]{4}-[0-9A-F]{4}")
PASSING_HEADERS = {"location", "x-request-id", "date", "content-length"}


@pytest.mark.rule("R-NL-03")
async def test_a_click_on_the_mailed_link_and_a_button_subscribe(newsletter: Newsletter) -> None:
    ada = newsletter.address()

    answer = await newsletter.subscribe(ada, first_name="Ada", last_name="Lovelace")
    page = await newsletter.client.get(answer.headers["location"])
    confirmed = await newsletter.press(await newsletter.link(ada, "/confirm/"))
    done = await newsletter.client.get(confirmed.headers["location"])

    assert (answer.status_code, page.status_code, confirmed.status_code) == (303, 200, 303)
    assert "48 hours" in page.text
    assert "You are subscribed" in done.text
    row = await newsletter.row(
        "select first_name, last_name, language from subscriber where email = $1", ada
    )
    assert tuple(row) == ("Ada", "Lovelace", "en")


@pytest.mark.rule("R-NL-01", "R-POL-09")
async def test_an_address_alone_is_enough_and_nothing_else_is_taken(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()

    alone = await newsletter.subscribe(ada)
    more = await newsletter.subscribe(newsletter.address(), company="Example Company")
    without = await newsletter.subscribe("", first_name="Ada")

    assert (alone.status_code, more.status_code, without.status_code) == (303, 422, 422)
    row = await newsletter.row("select first_name, last_name from pending where email = $1", ada)
    assert tuple(row) == (None, None)


@pytest.mark.rule("R-NL-03")
async def test_before_the_click_there_is_one_mail_without_anything_that_was_typed(
    newsletter: Newsletter,
) -> None:
    ada, before = newsletter.address(), len(await newsletter.told())

    await newsletter.subscribe(ada, first_name="Buy-Pills-Now", last_name="www.example.com")
    await newsletter.link(ada, "/confirm/")

    (mail,) = newsletter.mailbox(ada)
    written = mail.subject + mail.text + mail.html
    assert "Buy-Pills-Now" not in written
    assert "www.example.com" not in written
    assert await newsletter.count("select count(*) from subscriber where email = $1", ada) == 0
    assert len(await newsletter.told()) == before


@pytest.mark.rule("R-NL-03")
async def test_opening_the_link_confirms_nothing(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada)
    link = await newsletter.link(ada, "/confirm/")

    pages = [await newsletter.client.get(link) for _ in range(3)]
    head = await newsletter.client.head(link)

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert head.status_code in {200, 405}
    assert await newsletter.count("select count(*) from subscriber where email = $1", ada) == 0
    assert (await newsletter.press(link)).status_code == 303


@pytest.mark.rule("R-NL-03")
async def test_a_link_is_stored_as_its_digest_only_and_for_this_sign_up(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada)
    token = (await newsletter.link(ada, "/confirm/")).rpartition("/")[2]

    row = await newsletter.row(
        """
        select purpose, email, language, wording_sha256, expires_at - submitted_at
          from token join pending using (subject_id)
         where token_sha256 = $1
        """,
        hashlib.sha256(token.encode()).digest(),
    )

    assert row is not None
    assert len(token) == 43  # 256 bits in base64
    assert row["purpose"] == "confirm"
    assert (row["email"], row["language"]) == (ada, "en")
    assert row[4] == newsletter.config.doi_ttl
    tables = await newsletter.row(
        """
        select count(*)
          from token, mail
         where token::text || mail::text like '%' || $1 || '%'
        """,
        token,
    )
    assert tables[0] == 0


@pytest.mark.rule("R-NL-03")
async def test_a_sign_up_cannot_become_another_one(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada)

    with pytest.raises(Exception, match="a sign-up never changes"):
        async with newsletter.app.begin() as tx:
            await tx.execute("update pending set email = 'x' || email where email = $1", ada)


@pytest.mark.rule("R-NL-03")
async def test_a_second_click_is_answered_kindly_and_does_nothing(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada)
    link = await newsletter.link(ada, "/confirm/")
    page = await newsletter.client.get(link)
    form = posting_form(page)

    answers = [await newsletter.post(page, form) for _ in range(2)]
    again = await newsletter.client.get(link)

    assert [answer.status_code for answer in answers] == [303, 200]
    assert "used already" in answers[1].text
    assert (again.status_code, "used already" in again.text) == (200, True)
    assert await newsletter.count("select count(*) from subscriber where email = $1", ada) == 1


@pytest.mark.rule("R-NL-03")
async def test_a_newer_link_leaves_the_older_one_good_and_one_click_uses_up_both(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    sent = (await newsletter.subscribe(ada)).headers["location"]
    await newsletter.link(ada, "/confirm/")
    await newsletter.sent(ada)
    again = await newsletter.press(sent)
    await newsletter.forget_quota()
    first, second = (
        path_of(next(link for link in mail.links if "/confirm/" in link))
        for mail in await newsletter.mails(ada, "/confirm/", count=2)
    )

    confirmed = await newsletter.press(first)
    late = await newsletter.client.get(second)

    assert (again.status_code, confirmed.status_code) == (303, 303)
    assert first != second
    assert "used already" in late.text


async def test_asking_for_the_mail_again_and_again_queues_one(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    sent = (await newsletter.subscribe(ada)).headers["location"]
    await newsletter.link(ada, "/confirm/")

    pages = [await newsletter.press(sent) for _ in range(5)]
    shown = await newsletter.client.get(pages[-1].headers["location"])

    waiting = await newsletter.count(
        "select count(*) from mail join pending using (subject_id) where email = $1", ada
    )
    assert (waiting, len(newsletter.mailbox(ada))) == (1, 1)
    assert "We send the email again" in shown.text


@pytest.mark.rule("R-NL-05", "R-POL-03")
async def test_the_evidence_says_what_was_shown_pressed_and_when(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    page = await newsletter.client.get("/de/newsletter/subscribe")
    shown = posting_form(page).values["consent"]

    subject_id = await newsletter.subscribed(ada, "de")

    row = await newsletter.row(
        """
        select encode(wording_sha256, 'hex') as wording, form, consent.language, button,
               submitted_at < confirmed_at as in_order, confirmed_at = granted_at as at_the_click,
               host, consent_id
          from consent join subscriber using (subject_id)
         where subject_id = $1
        """,
        subject_id,
    )
    host = urlsplit(newsletter.settings.public_url).netloc
    assert tuple(row)[:7] == (shown, "subscribe", "de", "Senden", True, True, host)
    (granted,) = [
        one
        for one in await newsletter.told()
        if isinstance(one, ConsentGranted) and one.consent_id == row["consent_id"]
    ]
    assert (granted.wording_sha256, granted.language, granted.method) == (
        shown,
        Language.DE,
        Method.DOUBLE_OPT_IN,
    )


async def test_nobody_learns_from_the_page_who_is_subscribed(newsletter: Newsletter) -> None:
    ada, grace = newsletter.address(), newsletter.address()
    await newsletter.subscribed(ada)

    known, unknown = await newsletter.subscribe(ada), await newsletter.subscribe(grace)
    pages = [await newsletter.client.get(answer.headers["location"]) for answer in (known, unknown)]

    assert _shape(known) == _shape(unknown)
    assert _shape(pages[0]) == _shape(pages[1])
    rows = [
        await newsletter.row(
            """
            select count(distinct pending.subject_id), count(distinct token_sha256),
                   count(distinct deadline_id)
              from pending
              left join token using (subject_id)
              left join deadline using (subject_id)
             where email = $1 and token.purpose = 'resend'
            """,
            address,
        )
        for address in (ada, grace)
    ]
    assert tuple(rows[0]) == tuple(rows[1]) == (1, 1, 1)


def _shape(answer: object) -> tuple[object, ...]:
    text = SECRET.sub("*", answer.text)  # type: ignore[attr-defined]
    headers = {
        name: SECRET.sub("*", value)
        for name, value in answer.headers.items()  # type: ignore[attr-defined]
        if name not in PASSING_HEADERS
    }
    return answer.status_code, headers, text  # type: ignore[attr-defined]


async def test_a_subscribed_address_is_told_so_by_mail_and_confirming_again_replaces(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    before = await newsletter.subscribed(ada, first_name="Ada")
    await newsletter.forget_quota()

    await newsletter.subscribe(ada, first_name="Augusta")
    mail = (await newsletter.mails(ada, "/confirm/", count=2))[1]
    confirmed = await newsletter.press(
        path_of(next(link for link in mail.links if "/confirm/" in link))
    )
    await newsletter.clock()

    assert "already subscribed" in mail.subject
    assert "Augusta" not in mail.text
    assert confirmed.status_code == 303
    rows = await newsletter.row(
        "select count(*), min(first_name) from subscriber where email = $1", ada
    )
    assert tuple(rows) == (1, "Augusta")
    assert await newsletter.everything(before) == {}
    told = await newsletter.told()
    assert Method.REPLACED in {one.method for one in told if isinstance(one, ConsentWithdrawn)}
    assert Reason.REPLACED in {one.reason for one in told if isinstance(one, SliceErased)}


async def test_two_sign_ups_confirmed_at_once_leave_one_subscription(
    newsletter: Newsletter,
) -> None:
    ada = newsletter.address()
    await newsletter.subscribe(ada, first_name="One")
    await newsletter.subscribe(ada, first_name="Two")
    await newsletter.link(ada, "/confirm/")
    await newsletter.forget_quota()
    links = [
        path_of(next(link for link in mail.links if "/confirm/" in link))
        for mail in await newsletter.mails(ada, "/confirm/", count=2)
    ]

    answers = await asyncio.gather(*(newsletter.press(link) for link in links))

    assert [answer.status_code for answer in answers] == [303, 303]
    live = "select count(*) from subscriber where email = $1 and ended_at is null"
    assert await newsletter.count(live, ada) == 1


async def test_a_form_that_is_sent_twice_is_one_sign_up(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    page = await newsletter.client.get("/en/newsletter/subscribe")
    form = posting_form(page)

    first, second = [await newsletter.post(page, form, {"email": ada}) for _ in range(2)]

    assert first.headers["location"] == second.headers["location"]
    assert await newsletter.count("select count(*) from pending where email = $1", ada) == 1
