"""A commit in another process wakes the relay, and does no harm where nobody listens."""

from pathlib import Path

from shared.outbox.wake import Wake, WakeElsewhere, socket_path
from shared.settings import Settings


async def test_a_datagram_wakes(settings: Settings) -> None:
    wake = Wake()
    with wake.listen(settings, "alpha"):
        WakeElsewhere(settings, "alpha").set()

        assert await wake.wait(10.0)
    assert not await wake.wait(0.0)


async def test_nobody_listens(settings: Settings) -> None:
    elsewhere = WakeElsewhere(settings, "nobody")

    elsewhere.set()

    assert not elsewhere.is_set()


def test_a_path_too_long_for_a_socket_is_done_without(settings: Settings) -> None:
    deep = settings.model_copy(update={"state": Path("/tmp") / ("x" * 120)})  # noqa: S108

    assert socket_path(deep, "alpha") is None
