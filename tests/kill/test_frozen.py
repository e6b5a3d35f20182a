"""A worker that stands still is taken for dead, and comes back when others have done its work."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from demo.person import Person
from services.registry import participants
from shared.stack import Stack
from tests.conftest import fresh_settings
from tests.installation import (
    OTHERS,
    Installation,
    certificates,
    eventually,
    press_erasure,
    receive_certificate,
    subscribe,
)
from tests.kill.converging import same_bytes, told_once

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
LAYOUT = {
    "web": ("serve",),
    "newsletter": ("work", "newsletter"),
    "second": ("work", "newsletter"),
    "others": OTHERS,
    "verifiers": ("verify-slices",),
}


@pytest_asyncio.fixture(loop_scope="session")
async def pair(stack: Stack) -> AsyncIterator[Installation]:
    """Start an installation whose newsletter has a second worker, which comes later."""
    made = await Installation.make(stack, fresh_settings(stack), LAYOUT)
    made.start("web", "newsletter", "others", "verifiers")
    try:
        await made.ready()
        yield made
    finally:
        for name in made.processes:
            made.thaw(name)
        made.stop()


async def test_a_worker_that_stood_still_repeats_nothing_that_another_did_meanwhile(
    pair: Installation,
) -> None:
    async with pair.browser() as browser:
        first = Person(browser, "frozenmark1.p@example.org")
        other = Person(browser, "frozenmark2.p@example.org")
        links = []
        for person in (first, other):
            await subscribe(person)
            await person.fill("/en/rights/erase", {"email": person.address})
            links.append(await person.link("/rights/confirm/"))

        pair.freeze("newsletter", "consumer:after-commit")
        await press_erasure(first, links[0])
        await pair.frozen("newsletter")
        pair.start("second")
        await press_erasure(other, links[1])
        await eventually(lambda: _erased_twice(pair), "the second worker erases in its place")
        assert not await certificates(other), "who stands still holds the only relay"
        pair.thaw("newsletter")

        for person in (first, other):
            await receive_certificate(person)
            assert len({mail["message_id"] for mail in await certificates(person)}) == 1
        await pair.closed()
        await told_once(pair)
        assert await same_bytes(pair) == 2 * len(participants()), "a receipt each"
        assert not await pair.named(first.address, other.address)
        await pair.ready()


async def _erased_twice(pair: Installation) -> bool:
    return (
        len(await pair.ask("newsletter", "select from receipt where request_id is not null")) == 2
    )
