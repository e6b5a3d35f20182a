"""My seat by its secret link: what is held, cancelling, taking back each declaration alone."""

from datetime import timedelta

import pytest

from contracts.messages import ConsentWithdrawn, SliceErased
from contracts.vocabulary import Method, Reason
from services.events.settings import MATERIAL, REGISTRATION, SURVEY
from tests.events.site import Events

BOTH = ("survey", "material")
WAYS = {"by_email": "yes", "by_post": "yes", "street": "Weg 1", "postal_code": "1", "city": "Bonn"}


async def _purposes(events: Events, subject_id: object) -> set[str]:
    async with events.app.begin() as tx:
        rows = await tx.fetch("select purpose from consent where subject_id = $1", subject_id)
    return {row["purpose"] for row in rows}


@pytest.mark.rule("R-EV-10")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_cancelling_frees_the_seat_and_deletes_everything(events: Events, lang: str) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, *BOTH, lang=lang, **WAYS)
    grace = await events.registered(gathering)
    told = len(await events.told(SliceErased))

    answer = await events.press(f"{ada.seat}/cancel")
    taken = await events.taken(gathering)
    await events.clock()
    again = await events.client.get(f"{ada.seat}/cancel")

    assert (answer.status_code, taken, again.status_code) == (303, 1, 404)
    assert await events.everything(ada.subject_id) == {}
    (receipt,) = (await events.told(SliceErased))[told:]
    assert receipt.reason is Reason.WITHDRAWN
    ended = [one.purpose for one in (await events.told(ConsentWithdrawn))[-3:]]
    assert sorted(ended) == sorted((REGISTRATION, SURVEY, MATERIAL))
    assert (await events.everything(grace.subject_id))["seat"] == 1


@pytest.mark.rule("R-EV-10")
async def test_a_registration_that_nobody_confirmed_can_be_taken_back_too(events: Events) -> None:
    gathering, ada = await events.gathering(), events.address()
    await events.register(gathering, ada)
    link = await events.link(ada, "/cancel")
    subject = (await events.row("select subject_id from seat where email = $1", ada))[0]

    answer = await events.press(link)
    await events.clock()

    assert answer.status_code == 303
    assert await events.everything(subject) == {}
    assert await events.taken(gathering) == 0


@pytest.mark.rule("R-EV-10")
async def test_after_the_gathering_taking_it_back_deletes_at_once_also_unsent_material(
    events: Events,
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, *BOTH, by_post="yes", **_address())
    await events.held(gathering, ada)
    await events.press(await events.link(ada.address, "/survey/"), ANSWERS)
    assert (await events.everything(ada.subject_id))["sending"] == 1

    await events.press(f"{ada.seat}/cancel")
    await events.clock()

    assert await events.everything(ada.subject_id) == {}


ANSWERS = {"overall": "good", "interest": "archive"}


def _address() -> dict[str, str]:
    return {"street": "Weg 1", "postal_code": "12345", "city": "Bonn"}


@pytest.mark.rule("R-EV-04", "R-7-01")
@pytest.mark.parametrize(
    ("button", "left"),
    [
        ("no-survey", {REGISTRATION, MATERIAL}),
        ("no-material", {REGISTRATION, SURVEY}),
        ("stop", {REGISTRATION}),
    ],
)
async def test_taking_one_declaration_back_leaves_the_others(
    events: Events, button: str, left: set[str]
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, *BOTH, **WAYS)
    told = len(await events.told(ConsentWithdrawn))

    looked = await events.client.get(f"{ada.seat}/{button}")
    before = await _purposes(events, ada.subject_id)
    answer = await events.press(f"{ada.seat}/{button}")
    await events.press(f"{ada.seat}/{button}")  # a second click does no harm
    await events.clock()

    assert (looked.status_code, before) == (200, {REGISTRATION, SURVEY, MATERIAL})
    assert answer.status_code == 303
    assert await _purposes(events, ada.subject_id) == left
    withdrawn = (await events.told(ConsentWithdrawn))[told:]
    assert {one.purpose for one in withdrawn} == {REGISTRATION, SURVEY, MATERIAL} - left
    assert len(withdrawn) == 3 - len(left)
    assert {one.method for one in withdrawn} == {Method.PAGE}
    assert await events.taken(gathering) == 1


@pytest.mark.rule("R-EV-10")
async def test_a_restriction_does_not_keep_anybody_from_cancelling(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering)
    async with events.eraser.begin() as tx:
        await tx.execute(
            "update subject set restricted_at = now() where subject_id = $1", ada.subject_id
        )

    answer = await events.press(f"{ada.seat}/cancel")
    await events.clock()
    during = await events.everything(ada.subject_id)
    async with events.eraser.begin() as tx:
        await tx.execute(
            "update subject set restricted_at = null where subject_id = $1", ada.subject_id
        )
    await events.clock()

    assert answer.status_code == 303
    assert during["seat"] == 1  # stored, and nothing else, until the restriction is lifted
    assert await events.everything(ada.subject_id) == {}


async def test_my_seat_says_what_is_held_what_was_agreed_to_and_when_it_ends(
    events: Events,
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", company="Beispiel & Söhne")

    page = await events.client.get(ada.seat)

    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    for words in ("Ada Lovelace", ada.address, "Beispiel &amp; Söhne", "Survey after", "CET"):
        assert words in page.text
    assert "no-material" not in page.text
    assert f"{ada.seat}/cancel" in page.text


async def test_the_link_of_another_purpose_opens_no_seat(events: Events) -> None:
    gathering, ada = await events.gathering(), events.address()
    sent = await events.register(gathering, ada)
    token = sent.headers["location"].rpartition("/")[2]

    answers = [
        await events.client.get(f"/en/events/seat/{token}{path}")
        for path in ("", "/cancel", "/no-survey", "/stop")
    ]

    assert [one.status_code for one in answers] == [404] * 4


async def test_the_proof_of_each_declaration_comes_with_the_mail(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")

    (mail,) = await events.mails(ada.address, "You are registered")

    names = sorted(str(one["filename"]) for one in mail.attachments)
    assert names == ["consent-event-registration.json", "consent-event-survey.json"]
    assert ada.address.encode() not in b"".join(one["content"] for one in mail.attachments)


@pytest.mark.rule("R-EV-02")
async def test_an_invitation_opens_the_form_of_what_is_not_listed(events: Events) -> None:
    from services.events import organising  # noqa: PLC0415

    gathering = await events.gathering(listed=False)
    secret = await events.organise(organising.invite, gathering)

    hidden = await events.client.get(f"/en/events/register/{gathering}")
    listed = await events.client.get("/en/events/gatherings")
    wrong = await events.client.get(f"/en/events/register/{secret[:-1]}x")
    ada = await events.registered(secret)
    grace = await events.registered(secret)  # one link for everybody who was invited

    assert (hidden.status_code, wrong.status_code) == (404, 404)
    assert str(gathering) not in listed.text
    assert (await events.everything(ada.subject_id))["seat"] == 1
    assert (await events.everything(grace.subject_id))["seat"] == 1
    stored = await events.row("select * from invitation where gathering_id = $1", gathering)
    assert set(dict(stored)) == {"invitation_sha256", "gathering_id", "made_at"}
    assert secret.encode() not in stored["invitation_sha256"]


async def test_time_moves_the_end_that_is_shown(events: Events) -> None:
    gathering = await events.gathering(days=3)
    ada = await events.registered(gathering)
    due = "select due_at from deadline where subject_id = $1 and kind = 'end'"
    before = (await events.row(due, ada.subject_id))[0]

    await events.press(f"{ada.seat}/cancel")

    assert (await events.row(due, ada.subject_id))[0] < before - timedelta(days=3)


@pytest.mark.rule("R-EV-10", "R-7-01")
async def test_the_link_to_a_seat_works_as_long_as_there_is_a_seat(events: Events) -> None:
    gathering = await events.gathering(days=800)
    ada = await events.registered(gathering)
    mailed = await events.link(ada.address, "/seat/", count=2)  # the first is of the confirmation
    async with events.eraser.begin() as tx:  # two years later, the day before
        await tx.execute(
            "update token set expires_at = expires_at - interval '799 days' where subject_id = $1",
            ada.subject_id,
        )

    pages = [await events.client.get(path) for path in (ada.seat, mailed)]
    answer = await events.press(f"{mailed}/cancel")

    assert [one.status_code for one in pages] == [200, 200]
    assert answer.status_code == 303
