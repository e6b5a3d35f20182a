"""What organisers and the clock do with a gathering, and what follows for everybody."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.messages import SliceErased
from contracts.vocabulary import Reason
from services.events import organising
from services.events.rules.gathering import InThePast, NotBegun, NotPlanned, Slot
from shared.errors import NotFound
from shared.parameters import duration
from tests.events.site import Events

CONCLUDE = duration("CONCLUDE_WITHIN")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LAST = timedelta(days=11, hours=3)  # the end of the second date, see Events.gathering


async def _state(events: Events, gathering: UUID) -> str:
    row = await events.row("select state from gathering where gathering_id = $1", gathering)
    return str(row["state"])


@pytest.mark.rule("R-EV-09")
async def test_the_clock_concludes_what_nobody_concludes_after_the_last_date(
    events: Events,
) -> None:
    gathering = await events.gathering()
    ada, grace = await events.registered(gathering, "survey"), await events.registered(gathering)
    told = len(await events.told(SliceErased))

    await events.pass_time(LAST + CONCLUDE - MINUTE)
    before = await _state(events, gathering)
    await events.pass_time(MINUTE * 2)

    assert (before, await _state(events, gathering)) == ("planned", "concluded")
    for one in (ada, grace):  # nobody noted who was there: nobody is asked
        assert await events.everything(one.subject_id) == {}
    assert {one.reason for one in (await events.told(SliceErased))[told:]} == {Reason.PURPOSE_ENDED}


@pytest.mark.rule("R-EV-09")
async def test_a_waiting_list_that_is_never_reached_goes_with_the_gathering(
    events: Events,
) -> None:
    gathering = await events.gathering(capacity=1)
    ada, waiting = await events.registered(gathering), await events.registered(gathering, "survey")

    await events.held(gathering, ada)

    assert await events.everything(waiting.subject_id) == {}


@pytest.mark.rule("R-EV-09")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_moving_moves_the_end_and_people_are_told(events: Events, lang: str) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, lang=lang)
    pending = events.address()
    await events.register(gathering, pending)
    async with events.app.begin() as tx:
        slot = Slot(tx.now + 40 * DAY, tx.now + 40 * DAY + HOUR)

    due = "select due_at from deadline where subject_id = $1 and kind = 'end'"
    before = (await events.row(due, ada.subject_id))[0]

    told = await events.organise(organising.move, gathering, [slot])
    after = (await events.row(due, ada.subject_id))[0]
    mails = await events.mails(ada.address, "Verschoben" if lang == "de" else "Moved")
    await events.pass_time(LAST + CONCLUDE + DAY)
    later = await _state(events, gathering)
    still = await events.everything(ada.subject_id)
    await events.pass_time(29 * DAY)

    assert (told, len(mails)) == (1, 1)
    assert after == slot.ends_at + CONCLUDE > before
    assert (later, still["seat"]) == ("planned", 1)
    assert await _state(events, gathering) == "concluded"
    assert await events.everything(ada.subject_id) == {}


@pytest.mark.rule("R-EV-09")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_cancelling_tells_people_and_then_deletes_them(events: Events, lang: str) -> None:
    gathering = await events.gathering(capacity=1)
    ada = await events.registered(gathering, "survey", lang=lang)
    waiting = await events.registered(gathering, lang=lang)
    pending = events.address()
    await events.register(gathering, pending, lang=lang)
    await events.no_more_mail()

    told = await events.organise(organising.cancel, gathering)
    for one in (ada, waiting):
        await events.mails(one.address, "Abgesagt" if lang == "de" else "Cancelled")
    await events.no_more_mail()
    await events.clock()

    assert told == 2
    for one in (ada, waiting):
        assert await events.everything(one.subject_id) == {}
    assert not [one for one in events.mailbox(pending) if "/confirm/" not in str(one.links)]
    assert await events.count("select count(*) from seat where gathering_id = $1", gathering) == 0


@pytest.mark.rule("R-EV-09")
async def test_people_who_cannot_be_told_go_within_the_day(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering)
    await events.no_more_mail()
    events.gate.opened.clear()  # no mail server answers

    await events.organise(organising.cancel, gathering)
    await events.clock()
    waits = await events.everything(ada.subject_id)
    await events.pass_time(DAY / 2)
    events.gate.opened.set()

    assert waits["mail"] == 1
    assert await events.everything(ada.subject_id) == {}


async def test_what_is_over_cannot_be_ended_moved_or_noted_again(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey")
    with pytest.raises(NotBegun):
        await events.organise(organising.note_attendance, gathering, ada.subject_id, attended=True)
    with pytest.raises(NotBegun):
        await events.organise(organising.conclude, gathering)
    await events.held(gathering, ada)
    async with events.app.begin() as tx:
        slot = Slot(tx.now + DAY, tx.now + DAY + HOUR)

    for refused in (
        (organising.conclude, gathering),
        (organising.cancel, gathering),
        (organising.invite, gathering),
        (organising.move, gathering, [slot]),
    ):
        with pytest.raises(NotPlanned):
            await events.organise(*refused)
    with pytest.raises(NotPlanned):
        await events.organise(organising.note_attendance, gathering, ada.subject_id, attended=False)
    with pytest.raises(NotFound):
        await events.organise(organising.conclude, uuid4())


async def test_nothing_moves_into_the_past(events: Events) -> None:
    gathering = await events.gathering()
    async with events.app.begin() as tx:
        slot = Slot(tx.now - HOUR, tx.now + HOUR)

    with pytest.raises(InThePast):
        await events.organise(organising.move, gathering, [slot])


@pytest.mark.rule("R-EV-09")
async def test_a_row_without_an_end_cannot_be_stored(events: Events) -> None:
    gathering = await events.gathering()
    rows = await events.row(
        """
        select attnotnull
          from pg_attribute
         where attrelid = 'gathering'::regclass and attname = 'ends_at'
        """
    )
    due = await events.row("select count(*) from deadline where kind = 'conclude'")

    assert rows["attnotnull"]
    assert due[0] >= 1
    assert await _state(events, gathering) == "planned"


async def test_every_seat_has_its_end_from_the_first_moment(events: Events) -> None:
    gathering, pending = await events.gathering(capacity=1), events.address()
    await events.registered(gathering, "survey")
    await events.registered(gathering)
    await events.register(gathering, pending)

    without = await events.count(
        """
        select count(*)
          from seat s
         where not exists (select from deadline d
                            where d.subject_id = s.subject_id and d.kind = 'end')
        """
    )

    assert without == 0
