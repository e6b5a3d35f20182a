"""One town for each module: its own namespace on the run's stack."""

import socket
from collections.abc import AsyncIterator

import pytest

from shared.settings import Settings
from tests.saga.shop import Town, town


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
async def here(settings: Settings) -> AsyncIterator[Town]:
    own = settings.model_copy(update={"internal_url": f"http://127.0.0.1:{free_port()}"})
    async with town(own) as built:
        yield built
