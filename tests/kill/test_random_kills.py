"""Kills at random moments and points, by seed; `EXPUNGE_KILL_ROUNDS` says how many rounds."""

import asyncio
import os
import random
import tempfile
from pathlib import Path

import pytest

from contracts.verify_bundle import main as verify
from demo.person import Person
from tests.installation import (
    Installation,
    certificates,
    press_erasure,
    receive_certificate,
    subscribe,
)
from tests.kill.converging import same_bytes, told_once

pytestmark = [pytest.mark.kill, pytest.mark.timeout(300)]
ROUNDS = int(os.environ.get("EXPUNGE_KILL_ROUNDS", "1"))
PEOPLE = 3
KILLS = 3
LATEST_S = 1.0  # a saga at rest takes less, so that kills fall into it, before it and after it
POINTS = {
    "workers": (
        "relay:after-send",
        "consumer:before-commit",
        "consumer:after-commit",
        "certifier:before-commit",
        "certifier:after-commit",
        "mailer:after-250",
        "origin:before-alias-end",
    ),
    "verifiers": ("verifier:before-commit", "scanner:before-commit", "consumer:after-commit"),
}


@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_whatever_is_killed_whenever_every_saga_converges(
    installation: Installation, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    async with installation.browser() as browser:
        people = [Person(browser, f"random{seed}x{n}.p@example.org") for n in range(PEOPLE)]
        links = []
        for person in people:
            await subscribe(person, first_name=f"Random{seed}mark")
            await person.fill("/en/rights/erase", {"email": person.address})
            links.append(await person.link("/rights/confirm/"))

        clicks = asyncio.gather(
            *(press_erasure(one, link) for one, link in zip(people, links, strict=True))
        )
        for _ in range(KILLS):
            await _kill(installation, chance)
        await clicks

        bundles = [await receive_certificate(person) for person in people]
        await installation.closed()
        assert all(_holds(bundle) for bundle in bundles)
        for person in people:
            assert len({mail["message_id"] for mail in await certificates(person)}) == 1
        await told_once(installation)
        assert await same_bytes(installation)
        addresses = [person.address for person in people]
        assert not await installation.named(*addresses, f"Random{seed}mark")


async def _kill(installation: Installation, chance: random.Random) -> None:
    """Kill one process, by its own hand at a point or from outside at a moment, and start it."""
    name = chance.choice(sorted(POINTS))
    installation.arm(name, chance.choice(["", *POINTS[name]]))
    await asyncio.sleep(chance.uniform(0, LATEST_S))  # the moment is the test
    installation.kill(name)
    installation.arm(name, "")
    installation.start(name)


def _holds(bundle: bytes) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".expunge.json") as file:
        Path(file.name).write_bytes(bundle)
        return verify([file.name]) == 0
