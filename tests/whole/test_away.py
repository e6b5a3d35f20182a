"""Parts that are away or late: a worker that was stopped, a broker that is down, a race."""

import asyncio
from datetime import datetime
from uuid import UUID

import httpx2
import pytest

from tests.client import fill_form
from tests.installation import (
    Installation,
    certificates,
    confirm_erasure,
    eventually,
    press_erasure,
    receive_certificate,
)
from tests.whole.someone import Someone, someone

pytestmark = pytest.mark.timeout(180)
WORKERS = ("newsletter", "others", "verifiers")
RACERS = 4


async def test_a_stopped_worker_erases_the_old_relationship_and_keeps_the_new_one(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    eve = someone(installation, browser)
    old = await eve.subscribe()
    mails = len(await eve.person.mails())
    installation.stop("newsletter")

    await confirm_erasure(eve.person)
    assert await _sign_up(eve) == 303
    (new,) = await _subjects(eve) - {old}
    assert not await certificates(eve.person), "the newsletter has not answered yet"
    installation.start("newsletter")
    await receive_certificate(eve.person)
    await installation.closed()

    assert await _subjects(eve) == {new}
    answer = await eve.person.fill(await eve.person.link("/newsletter/confirm/", after=mails))
    assert "/newsletter/confirmed/" in answer.url.path
    assert await eve.subscriptions() == [new]


async def test_an_erasure_that_races_with_sign_ups_leaves_nothing_from_before_the_cut_off(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    flo = someone(installation, browser)
    await flo.subscribe()
    await flo.person.fill("/en/rights/erase", {"email": flo.address})
    link = await flo.person.link("/rights/confirm/")
    over = asyncio.Event()

    async def keep_signing_up() -> int:
        taken = 0
        while not over.is_set():
            assert await _sign_up(flo) == 303
            taken += 1
        return taken

    racers = [asyncio.create_task(keep_signing_up()) for _ in range(RACERS)]
    await eventually(lambda: _at_least(flo, 2 * RACERS), "sign-ups from before the click")
    await press_erasure(flo.person, link)
    await receive_certificate(flo.person)
    over.set()
    taken = sum(await asyncio.gather(*racers))
    await installation.closed()

    since = await _since(flo)
    (row,) = await installation.ask("newsletter", "select max(cutoff) as cutoff from receipt")
    assert min(since) > row["cutoff"], "nothing from before the cut-off stays"
    assert 0 < len(since) <= taken - 2 * RACERS + 1, "some came before and some after"


async def test_a_broker_that_is_down_loses_no_form(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    gil, hal = someone(installation, browser), someone(installation, browser)
    await gil.subscribe()
    await gil.person.fill("/en/rights/erase", {"email": gil.address})
    link = await gil.person.link("/rights/confirm/")
    installation.stop(*WORKERS)
    await installation.start_without_broker(*WORKERS)

    await press_erasure(gil.person, link)
    assert await _sign_up(hal) == 303
    assert not await hal.person.mails()
    installation.stop(*WORKERS)
    installation.start(*WORKERS)

    await receive_certificate(gil.person)
    answer = await hal.person.fill(await hal.person.link("/newsletter/confirm/"))
    await installation.closed()
    assert "/newsletter/confirmed/" in answer.url.path
    assert not await gil.places()


async def _sign_up(who: Someone) -> int:
    """Send the form as a frontend does; gives the status."""
    browser = who.person.browser
    action, entries = await fill_form(
        browser, "/en/newsletter/forms/subscribe", {"email": who.address, **who.names}
    )
    headers = {"Origin": str(browser.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    return (await browser.post(action, data=entries, headers=headers)).status_code


async def _at_least(who: Someone, count: int) -> bool:
    return len(await _subjects(who)) >= count


async def _subjects(who: Someone) -> set[UUID]:
    sql = """
        select subject_id from pending where email = $1
         union
        select subject_id from subscriber where email = $1
        """
    rows = await who.installation.ask("newsletter", sql, who.address)
    return {row["subject_id"] for row in rows}


async def _since(who: Someone) -> list[datetime]:
    sql = "select address_since from subject join pending using (subject_id) where email = $1"
    rows = await who.installation.ask("newsletter", sql, who.address)
    return [row["address_since"] for row in rows]
