"""From the form to a seat, and to its deletion: with a link in between that only a mailbox has."""

import asyncio
import re
from datetime import timedelta

import pytest

from contracts.messages import ConsentGranted, SliceErased
from contracts.vocabulary import Method, Outcome, Reason
from services.events.settings import MATERIAL, REGISTRATION, SURVEY
from shared.parameters import duration
from tests.events.site import Events, posting_form

HOLD, TTL = duration("SEAT_HOLD"), duration("DOI_TTL")
MINUTE = timedelta(minutes=1)


@pytest.mark.rule("R-EV-11")
async def test_a_seat_is_booked_by_the_mailed_link_and_not_before(events: Events) -> None:
    gathering, ada = await events.gathering(), events.address()

    sent = await events.register(gathering, ada)
    before = await events.row("select * from seat where email = $1", ada)
    link = await events.link(ada, "/confirm/")
    for _ in range(2):  # looking at the link changes nothing, however often
        assert (await events.client.get(link)).status_code == 200
        assert (await events.client.head(link)).status_code == 200
    looked = await events.row("select * from seat where email = $1", ada)
    confirmed = await events.press(link)
    after = await events.row("select * from seat where email = $1", ada)

    assert (sent.status_code, confirmed.status_code) == (303, 303)
    assert (before["state"], looked["state"], after["state"]) == ("pending", "pending", "booked")
    assert await events.taken(gathering) == 1
    page = await events.client.get(confirmed.headers["location"])
    assert "a seat is yours" in page.text
    assert "Lovelace" in page.text


@pytest.mark.rule("R-EV-11")
async def test_a_link_confirms_once(events: Events) -> None:
    gathering, ada = await events.gathering(), events.address()
    await events.register(gathering, ada)
    link = await events.link(ada, "/confirm/")
    page = await events.client.get(link)
    form = posting_form(page)

    answers = await asyncio.gather(*(events.post(page, form) for _ in range(4)))
    late = await events.post(page, form)

    # Of clicks at the same moment one is first; those behind it are told that it was.
    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(303) == 1
    assert set(codes) <= {200, 303, 404}
    assert "used already" in late.text
    assert await events.taken(gathering) == 1


@pytest.mark.rule("R-EV-04")
@pytest.mark.parametrize(
    ("boxes", "purposes"),
    [
        ((), {REGISTRATION}),
        (("survey",), {REGISTRATION, SURVEY}),
        (("material",), {REGISTRATION, MATERIAL}),
        (("survey", "material"), {REGISTRATION, SURVEY, MATERIAL}),
    ],
    ids=lambda value: "-".join(sorted(value)) or "none",
)
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_each_ticked_declaration_becomes_one_consent_when_confirmed(
    events: Events, boxes: tuple[str, ...], purposes: set[str], lang: str
) -> None:
    gathering = await events.gathering()
    channel = {"by_email": "yes"} if "material" in boxes else {}
    told = len(await events.told(ConsentGranted))

    ada = await events.registered(gathering, *boxes, lang=lang, **channel)

    granted = (await events.told(ConsentGranted))[told:]
    assert {one.purpose for one in granted} == purposes
    assert {(one.method, one.language, one.form) for one in granted} == {
        (Method.DOUBLE_OPT_IN, lang, "register")
    }
    page = await events.client.get(f"/{lang}/events/register/{gathering}")
    shown = set(posting_form(page).unticked.values())
    assert {one.wording_sha256 for one in granted} <= shown
    assert (await events.everything(ada.subject_id))["consent"] == len(purposes)


@pytest.mark.rule("R-EV-04")
async def test_nothing_is_ticked_beforehand_and_registration_alone_is_needed(
    events: Events,
) -> None:
    gathering = await events.gathering()
    page = await events.client.get(f"/en/events/register/{gathering}")
    form = posting_form(page)

    without = await events.post(
        page, form, {"first_name": "Ada", "last_name": "L", "email": events.address()}
    )

    assert {"registration", "survey", "material", "by_email", "by_post"} <= form.unticked.keys()
    assert without.status_code == 422
    assert "without it there is no registration" in without.text


@pytest.mark.rule("R-EV-03")
@pytest.mark.parametrize("field", ["birthday", "country", "subject_id", "state", "attended"])
async def test_no_other_field_is_taken(events: Events, field: str) -> None:
    gathering, ada = await events.gathering(), events.address()

    answer = await events.register(gathering, ada, **{field: "1"})

    assert answer.status_code == 422
    assert await events.count("select count(*) from seat where email = $1", ada) == 0


@pytest.mark.rule("R-EV-03")
async def test_every_field_of_the_list_is_kept_as_typed(events: Events) -> None:
    gathering = await events.gathering()
    entries = {
        "title": "Dr.",
        "first_name": "Zoë",
        "last_name": "O'Brien-d'Arc",
        "company": "Beispiel & Söhne",
        "department": "Archiv",
        "street": "Weg 1",
        "postal_code": "D-12345",
        "city": "Bonn",
        "telephone": "+49 (0)228 / 12 34-5",
    }

    ada = await events.registered(gathering, **entries)

    row = dict(await events.row("select * from seat where subject_id = $1", ada.subject_id))
    assert {name: row[name] for name in entries} == entries


@pytest.mark.rule("R-EV-07")
async def test_what_does_not_go_together_comes_back_filled_with_a_sentence(
    events: Events,
) -> None:
    gathering, ada = await events.gathering(), events.address()

    no_way = await events.register(gathering, ada, "material")
    no_yes = await events.register(gathering, ada, by_email="yes")
    no_address = await events.register(gathering, ada, "material", by_post="yes", city="Bonn")

    assert [one.status_code for one in (no_way, no_yes, no_address)] == [422, 422, 422]
    assert "choose how it is to come" in no_way.text
    assert "agree to it here too" in no_yes.text
    assert no_address.text.count("without it nothing can be posted") == 4  # summary and field
    assert f'value="{ada}"' in no_address.text
    assert await events.count("select count(*) from seat where email = $1", ada) == 0


@pytest.mark.rule("R-EV-11")
async def test_what_nobody_confirms_is_deleted_with_a_receipt(events: Events) -> None:
    gathering, ada, grace = await events.gathering(), events.address(), events.address()
    for address in (ada, grace):
        await events.register(gathering, address)
    link = await events.link(ada, "/confirm/")
    await events.press(await events.link(grace, "/confirm/"))
    subject = (await events.row("select subject_id from seat where email = $1", ada))[0]
    told = len(await events.told(SliceErased))

    await events.pass_time(TTL - MINUTE)
    assert (await events.everything(subject))["seat"] == 1
    await events.pass_time(MINUTE)

    assert await events.everything(subject) == {}
    (receipt,) = (await events.told(SliceErased))[told:]
    assert (receipt.reason, receipt.outcome) == (Reason.UNCONFIRMED, Outcome.DELETED)
    assert (receipt.request_id, receipt.rows["seat"]) == (None, 1)
    assert (await events.client.get(link)).status_code == 404
    assert await events.count("select count(*) from seat where email = $1", grace) == 1


@pytest.mark.rule("R-EV-11")
async def test_a_pending_seat_keeps_others_out_for_half_an_hour_at_most(events: Events) -> None:
    gathering = await events.gathering(capacity=1)
    ada, grace = events.address(), events.address()
    await events.register(gathering, ada)
    held = await events.taken(gathering)
    late = await events.registered(gathering)
    assert (await events.row("select state from seat where subject_id = $1", late.subject_id))[
        0
    ] == "waiting"

    await events.pass_time(HOLD - MINUTE)
    still_held = await events.taken(gathering)
    await events.pass_time(MINUTE)

    assert (held, still_held) == (1, 1)
    # Whoever waited moves up; the pending entry's link still works, and leads to the waiting list.
    assert (await events.row("select state from seat where subject_id = $1", late.subject_id))[
        0
    ] == "booked"
    await events.press(await events.link(ada, "/confirm/"))
    row = await events.row("select state, blocks from seat where email = $1", ada)
    assert (row["state"], row["blocks"]) == ("waiting", False)
    assert await events.taken(gathering) == 1
    await events.register(gathering, grace)
    assert not (await events.row("select blocks from seat where email = $1", grace))[0]


async def test_a_double_submit_makes_one_seat(events: Events) -> None:
    gathering, ada = await events.gathering(), events.address()
    page = await events.client.get(f"/en/events/register/{gathering}")
    form = posting_form(page)
    entries = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": ada,
        "registration": form.unticked["registration"],
    }

    first, second = [await events.post(page, form, entries) for _ in range(2)]

    assert first.headers["location"] == second.headers["location"]
    assert await events.count("select count(*) from seat where email = $1", ada) == 1
    assert await events.taken(gathering) == 1


async def test_known_and_unknown_addresses_get_the_same_answer(events: Events) -> None:
    gathering = await events.gathering()
    known = await events.registered(gathering)

    answers = [
        await events.register(gathering, address) for address in (known.address, events.address())
    ]
    tokens = [one.headers["location"].rpartition("/")[2] for one in answers]
    pages = [await events.client.get(one.headers["location"]) for one in answers]
    said = [
        re.sub("EV-[0-9A-F-]{9}", "EV", page.text.replace(token, "TOKEN"))
        for page, token in zip(pages, tokens, strict=True)
    ]

    assert [one.status_code for one in answers] == [303, 303]
    assert said[0] == said[1]
    # Only whoever reads the mailbox learns it.
    mails = await events.mails(known.address, "/confirm/", count=1)
    assert "already" not in mails[0].text
    await events.press(answers[0].headers["location"])
    async with events.app.begin() as tx:
        await tx.execute("delete from ephemeral")
        await tx.execute("update mail set next_try_at = now()")
    again = await events.mails(known.address, "/confirm/", count=2)
    assert "There is a registration from this address" in again[1].text


@pytest.mark.rule("R-EV-11")
async def test_the_mail_before_the_click_says_nothing_that_was_typed(events: Events) -> None:
    gathering, ada = await events.gathering(), events.address()
    await events.register(gathering, ada, first_name="Mallory", last_name="Wrote-This")

    (mail,) = await events.mails(ada, "/confirm/")

    for part in (mail.text, mail.html, mail.subject):
        assert "Mallory" not in part
        assert "Wrote" not in part


async def test_registration_closes_when_it_begins(events: Events) -> None:
    gathering, ada = await events.gathering(days=1), events.address()
    await events.register(gathering, ada)
    link = await events.link(ada, "/confirm/")
    await events.pass_time(timedelta(days=1, hours=1))

    page = await events.client.get(f"/en/events/register/{gathering}")
    confirmed = await events.press(link)

    assert (page.status_code, confirmed.status_code) == (409, 409)
    assert "Registration is over" in page.text
