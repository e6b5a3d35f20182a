"""A change of keys is killed at each of its steps; run again, it comes to the end it would have."""

import signal
from collections import Counter
from collections.abc import Mapping

import pytest
import pytest_asyncio

from contracts.messages import KeyPublished, KeyRetired, KeyRevoked
from contracts.trust import KeyRing, Trust, TrustedKey
from contracts.vocabulary import Role
from shared.keys import load_trust, root_signer, signer_for
from shared.keys.first import read_register
from shared.outbox.topics import apply
from shared.settings import Settings
from tests.processes import ended, fork, run

pytestmark = pytest.mark.kill
STEPS = ("keys:after-make", "keys:after-trust", "keys:after-publish")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def made(settings: Settings, environment: dict[str, str]) -> None:
    """Make topics and keys, as an operator does."""
    await apply(settings)
    done = await run(("keys", "apply"), environment)
    assert done.code == 0, done.error


async def killed(environment: Mapping[str, str], point: str, *words: str) -> None:
    """Run a command that dies by SIGKILL when it reaches a point."""
    process = fork(("keys", *words), {**environment, "EXPUNGE_CRASH_AT": point})
    assert await ended(process) == -signal.SIGKILL


async def again(environment: Mapping[str, str], *words: str) -> None:
    """Run the command to its end."""
    done = await run(("keys", *words), environment)
    assert done.code == 0, done.error


def current(settings: Settings) -> str:
    """Give the id of the key that the newsletter signs with when it starts now."""
    return signer_for(settings, "newsletter", Role.SERVICE).key_id


def trusted(settings: Settings) -> dict[str, TrustedKey]:
    """Give what `trust.json` says of the newsletter's keys."""
    return {
        key.key_id: key
        for key in load_trust(settings).keys
        if (key.service, key.role) == ("newsletter", "service")
    }


async def agreeing(settings: Settings) -> KeyRing:
    """Give what the topic tells somebody who knows the root alone: what `trust.json` says, once."""
    ring = KeyRing(Trust(root=root_signer(settings).public.hex(), keys=()))
    told = await read_register(settings, ring)
    counts = Counter(one for one in told if isinstance(one, KeyPublished | KeyRetired | KeyRevoked))
    assert set(counts.values()) == {1}
    keys = load_trust(settings).keys
    assert {one.key_id for one in counts if isinstance(one, KeyPublished)} == {
        key.key_id for key in keys
    }
    for key in keys:
        known = ring.find(key.key_id)
        assert known is not None
        assert (known.not_after, known.revoked_from is None) == (
            key.not_after,
            key.revoked_from is None,
        )
    return ring


@pytest.mark.parametrize("point", STEPS)
async def test_a_rotation_ends_with_one_new_key_and_the_old_one_believed(
    settings: Settings, environment: dict[str, str], point: str
) -> None:
    old, before = current(settings), len(trusted(settings))

    await killed(environment, point, "rotate", "newsletter")
    meanwhile = current(settings)
    await again(environment, "rotate", "newsletter")

    assert meanwhile == old, "nobody signs with a key before it is published"
    assert current(settings) != old
    assert len(trusted(settings)) == before + 1
    ring = await agreeing(settings)
    for one in (old, current(settings)):
        key = ring.find(one)
        assert key is not None
        assert (key.not_after, key.revoked_from) == (None, None)


async def test_a_rotation_that_died_after_its_last_step_was_one(
    settings: Settings, environment: dict[str, str]
) -> None:
    old, before = current(settings), len(trusted(settings))

    await killed(environment, "keys:after-take-over", "rotate", "newsletter")

    assert current(settings) != old
    assert len(trusted(settings)) == before + 1
    await agreeing(settings)


@pytest.mark.parametrize("point", STEPS[1:])
@pytest.mark.parametrize(("command", "told"), [("retire", "not_after"), ("revoke", "revoked_from")])
async def test_a_key_ends_once_and_from_when_or_where_it_was_said_first(
    settings: Settings, environment: dict[str, str], command: str, told: str, point: str
) -> None:
    old = current(settings)
    await again(environment, "rotate", "newsletter")

    await killed(environment, point, command, old)
    first = getattr(trusted(settings)[old], told)
    await again(environment, command, old)

    assert first is not None
    assert getattr(trusted(settings)[old], told) == first
    await agreeing(settings)
