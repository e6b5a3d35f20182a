"""Real worker processes, killed: effects exactly once."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.kernel import Bench, eventually, granted, requested
from tests.processes import Process, ended, fork

SESSION_MS = "2000"


@contextlib.asynccontextmanager
async def worker(
    environment: dict[str, str], *, crash_at: str = "", member: str = ""
) -> AsyncIterator[Process]:
    """Run beta's worker in a process of its own; end it with SIGTERM."""
    changes = {
        "EXPUNGE_CRASH_AT": crash_at,
        "EXPUNGE_SESSION_MS": SESSION_MS,
        "EXPUNGE_MEMBER": member,
    }
    process = fork(["work"], {**environment, **changes}, module="tests.kernel_process")
    try:
        yield process
    finally:
        process.terminate()
        await ended(process)


async def once_each(on: Bench, ids: list[object]) -> None:
    counts = Counter(about for about, _ in await on.effects(*ids))
    assert counts == dict.fromkeys(map(str, ids), 1)


@pytest.mark.kill
@pytest.mark.parametrize("point", ["consumer:before-commit", "consumer:after-commit"])
async def test_a_worker_killed_around_its_commit_has_each_effect_once(
    on: Bench, environment: dict[str, str], point: str
) -> None:
    ids: list[object] = [uuid4() for _ in range(20)]
    await on.say("alpha", *[granted(one) for one in ids])  # type: ignore[arg-type]
    async with worker(environment, crash_at=point, member="one") as process:
        assert await ended(process) == -signal.SIGKILL
    more: list[object] = [uuid4() for _ in range(5)]
    await on.say("rights", *[requested(one) for one in more])  # type: ignore[arg-type]

    async with worker(environment, member="one"):
        await on.await_effects(*ids, *more)

    await once_each(on, ids + more)


@pytest.mark.kill
async def test_a_worker_ends_cleanly_on_sigterm(on: Bench, environment: dict[str, str]) -> None:
    one = uuid4()
    async with worker(environment) as process:
        await on.say("alpha", granted(one))
        await on.await_effects(one)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0


@pytest.mark.kill
async def test_a_second_member_takes_over_what_a_killed_one_left(
    on: Bench, environment: dict[str, str]
) -> None:
    ids: list[object] = []

    async def say(count: int) -> None:
        fresh = [uuid4() for _ in range(count)]
        ids.extend(fresh)
        await on.say("alpha", *[granted(one) for one in fresh])

    async with worker(environment) as first:
        await say(3)
        await on.await_effects(*ids)
        async with worker(environment):
            for _ in range(10):
                await say(5)
                await asyncio.sleep(0.05)  # so that the join falls between records
            first.kill()
            await say(5)
            await on.await_effects(*ids)

    await once_each(on, ids)


async def test_two_members_share_the_partitions(on: Bench, environment: dict[str, str]) -> None:
    async with worker(environment), worker(environment):

        async def both_vouched() -> bool:
            rows = await on.rows("select until > now() from lease")
            return len(rows) == 2 and all(row[0] for row in rows)

        await eventually(both_vouched)
        ids: list[object] = [uuid4() for _ in range(40)]
        await on.say("alpha", *[granted(one) for one in ids])  # type: ignore[arg-type]
        await on.say("rights", *[requested(one) for one in ids])  # type: ignore[arg-type]

        async def all_there() -> bool:
            return len(await on.effects(*ids)) == 80

        await eventually(all_there)
    counts = Counter(await on.effects(*ids))
    assert set(counts.values()) == {1}
