"""A commit in another process wakes the relay, and does no harm where nobody listens."""

import asyncio
from pathlib import Path

from shared.outbox.wake import Wake, forward, socket_path
from shared.settings import Settings


async def test_a_datagram_wakes(settings: Settings) -> None:
    written, wake = asyncio.Event(), Wake()
    with wake.listen(settings, "alpha"):
        task = asyncio.create_task(forward(settings, "alpha", written))
        written.set()

        assert await wake.wait(10.0)
        task.cancel()
    assert not await wake.wait(0.0)


async def test_nobody_listens(settings: Settings) -> None:
    written = asyncio.Event()
    task = asyncio.create_task(forward(settings, "alpha", written))
    written.set()
    await asyncio.sleep(0)

    assert not written.is_set()
    assert not task.done()
    task.cancel()


def test_a_path_too_long_for_a_socket_is_done_without(settings: Settings) -> None:
    deep = settings.model_copy(update={"state": Path("/tmp") / ("x" * 120)})  # noqa: S108

    assert socket_path(deep, "alpha") is None
