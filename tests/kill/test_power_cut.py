"""Everything dies at one moment, servers too, while people are being erased."""

import asyncio
from pathlib import Path

import pytest

from demo.person import Person
from services.registry import participants
from shared.stack import Ports, embedded_stack
from shared.stack.supervisor import Supervisor
from tests.conftest import BROKER_SETTINGS, fresh_settings
from tests.installation import (
    Installation,
    certificates,
    eventually,
    press_erasure,
    receive_certificate,
    subscribe,
)
from tests.kill.converging import same_bytes, told_once

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
PEOPLE = 6
SERVERS = ("kafka", "postgres")


async def test_a_machine_that_loses_its_power_finishes_what_it_had_begun(tmp_path: Path) -> None:
    with embedded_stack(tmp_path, Ports.free(), broker_settings=BROKER_SETTINGS) as stack:
        installation = await Installation.make(stack, fresh_settings(stack))
        installation.anew = True
        installation.start()
        try:
            await installation.ready()
            async with installation.browser() as browser:
                people = [Person(browser, f"powermark{n}.p@example.org") for n in range(PEOPLE)]
                await _begin_to_erase(installation, people)
                installation.kill()
                for name in SERVERS:
                    stack.supervisor.kill_child(name)
                await eventually(lambda: _servers_run(stack.supervisor), "both servers run again")

                installation.start()
                await installation.ready()
                for person in people:
                    await receive_certificate(person)
                    assert len({m["message_id"] for m in await certificates(person)}) == 1
            await installation.closed()
            await told_once(installation)
            assert await same_bytes(installation) == PEOPLE * len(participants())
            assert not await installation.named(*(person.address for person in people))
            code, told = await installation.command("audit", "replay")
            assert code == 0, told
        finally:
            installation.stop()


async def _begin_to_erase(installation: Installation, people: list[Person]) -> None:
    """Have them all press their button, and wait for the first receipt: others are on their way."""
    links = []
    for person in people:
        await subscribe(person)
        await person.fill("/en/rights/erase", {"email": person.address})
        links.append(await person.link("/rights/confirm/"))
    await asyncio.gather(
        *(press_erasure(one, link) for one, link in zip(people, links, strict=True))
    )

    async def first_receipt() -> bool:
        return bool(await installation.ask("newsletter", "select from receipt"))

    await eventually(first_receipt, "a slice has answered")


async def _servers_run(supervisor: Supervisor) -> bool:
    """Let the supervisor start what crashed; say whether both are ready."""
    supervisor.tend()
    return all(supervisor.restarts_of(name) and supervisor.child(name).ready() for name in SERVERS)
