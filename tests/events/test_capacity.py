"""Seats are counted once: no overbooking, and whoever waits moves up in order."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.events import organising
from tests.events.site import Events, Somebody, posting_form


async def _state(events: Events, subject_id: object) -> str:
    row = await events.row("select state from seat where subject_id = $1", subject_id)
    return str(row["state"])


async def test_whoever_waits_longest_moves_up_and_is_told(events: Events) -> None:
    gathering = await events.gathering(capacity=1)
    ada = await events.registered(gathering)
    grace, mary = await events.registered(gathering), await events.registered(gathering)
    assert [await _state(events, one.subject_id) for one in (ada, grace, mary)] == [
        "booked",
        "waiting",
        "waiting",
    ]

    await events.press(f"{ada.seat}/cancel")
    free = await events.taken(gathering)
    await events.clock()

    assert free == 0  # at once, before anything is deleted
    assert await events.taken(gathering) == 1
    assert [await _state(events, one.subject_id) for one in (grace, mary)] == ["booked", "waiting"]
    (mail,) = await events.mails(grace.address, "A seat is yours")
    assert any("/seat/" in link for link in mail.links)
    assert not [one for one in events.mailbox(mary.address) if "A seat is yours" in one.subject]


async def test_a_newcomer_does_not_pass_those_who_wait(events: Events) -> None:
    gathering = await events.gathering(capacity=1)
    ada, grace = await events.registered(gathering), await events.registered(gathering)
    await events.press(f"{ada.seat}/cancel")  # a seat is free, and the clock has not come yet

    late = events.address()
    await events.register(gathering, late)
    await events.clock()

    assert await _state(events, grace.subject_id) == "booked"
    row = await events.row("select blocks from seat where email = $1", late)
    assert row["blocks"] is False


async def _restrict(events: Events, subject_id: object, *, restricted: bool) -> None:
    async with events.eraser.begin() as tx:
        await tx.execute(
            "update subject set restricted_at = case when $2 then now() end where subject_id = $1",
            subject_id, restricted,
        )  # fmt: skip


async def _passed_over(events: Events) -> tuple[UUID, Somebody]:
    """Let a seat be free, and the only one who waits be restricted."""
    gathering = await events.gathering(capacity=1)
    ada, grace = await events.registered(gathering), await events.registered(gathering)
    await _restrict(events, grace.subject_id, restricted=True)
    await events.press(f"{ada.seat}/cancel")
    await events.clock()
    return gathering, grace


@pytest.mark.rule("R-18-01")
async def test_a_free_seat_is_not_kept_for_somebody_whose_data_is_restricted(
    events: Events,
) -> None:
    gathering, grace = await _passed_over(events)

    late = await events.registered(gathering)

    assert await _state(events, grace.subject_id) == "waiting"
    assert await _state(events, late.subject_id) == "booked"


@pytest.mark.rule("R-18-01")
async def test_whose_restriction_is_lifted_has_the_place_they_had(events: Events) -> None:
    gathering = await events.gathering(capacity=1)
    ada, grace = await events.registered(gathering), await events.registered(gathering)
    await _restrict(events, grace.subject_id, restricted=True)
    mary = await events.registered(gathering)
    await events.press(f"{ada.seat}/cancel")
    await events.clock()  # passes Grace over
    passed_over = [await _state(events, one.subject_id) for one in (grace, mary)]

    await _restrict(events, grace.subject_id, restricted=False)
    late = await events.registered(gathering)
    await events.press(f"{mary.seat}/cancel")
    await events.clock()

    assert passed_over == ["waiting", "booked"]
    states = [await _state(events, one.subject_id) for one in (grace, late)]
    assert states == ["booked", "waiting"]


@pytest.mark.rule("R-18-01")
async def test_a_seat_that_nobody_took_goes_to_them_once_the_restriction_is_lifted(
    events: Events,
) -> None:
    _, grace = await _passed_over(events)

    await _restrict(events, grace.subject_id, restricted=False)
    await events.clock()

    assert await _state(events, grace.subject_id) == "booked"


async def test_a_seat_that_is_erased_by_whoever_is_counted_back(events: Events) -> None:
    gathering = await events.gathering(capacity=2)
    ada, grace = await events.registered(gathering), await events.registered(gathering)
    waiting = await events.registered(gathering)

    async with events.eraser.begin() as tx:  # as the saga does, knowing nothing of gatherings
        await tx.execute(
            "delete from seat where subject_id = any($1::uuid[])",
            [ada.subject_id, grace.subject_id],
        )
    await events.clock()

    assert await events.taken(gathering) == 1
    assert await _state(events, waiting.subject_id) == "booked"


async def test_nobody_moves_up_once_it_has_begun(events: Events) -> None:
    gathering = await events.gathering(capacity=1, days=1)
    ada, grace = await events.registered(gathering), await events.registered(gathering)
    await events.pass_time(timedelta(days=1, hours=1))

    await events.press(f"{ada.seat}/cancel")
    await events.clock()

    assert await _state(events, grace.subject_id) == "waiting"


async def test_cancelling_and_concluding_at_once_harm_nobody(events: Events) -> None:
    """Many people cancel while organisers end and move, and the clock works: none gets stuck."""
    gathering = await events.gathering(capacity=8)
    people = [await events.registered(gathering) for _ in range(12)]
    await events.pass_time(timedelta(days=10, hours=1))

    answers = await asyncio.gather(
        *(events.press(f"{one.seat}/cancel") for one in people[:6]),
        *(events.clock() for _ in range(3)),
        events.organise(organising.conclude, gathering),
        *(events.press(f"{one.seat}/cancel") for one in people[6:8]),
    )
    await events.clock()

    assert [one.status_code for one in answers if hasattr(one, "status_code")] == [303] * 8
    assert await events.count("select count(*) from seat where gathering_id = $1", gathering) == 0
    assert await events.taken(gathering) == 0


@pytest.mark.rule("R-EV-11")
async def test_200_posts_at_once_do_not_overbook(events: Events) -> None:
    gathering = await events.gathering(capacity=17)
    page = await events.client.get(f"/en/events/register/{gathering}")
    forms = [
        posting_form(await events.client.get(f"/en/events/register/{gathering}"))
        for _ in range(200)
    ]
    ticked = {"registration": forms[0].unticked["registration"]}

    answers = await asyncio.gather(
        *(
            events.post(
                page,
                form,
                {"first_name": "A", "last_name": "B", "email": events.address(), **ticked},
            )
            for form in forms
        )
    )

    assert [answer.status_code for answer in answers] == [303] * 200
    sql = "select count(*) from seat where gathering_id = $1 and blocks"
    assert await events.count(sql, gathering) == 17
    assert await events.taken(gathering) == 17
    assert await events.count("select count(*) from seat where gathering_id = $1", gathering) == 200
