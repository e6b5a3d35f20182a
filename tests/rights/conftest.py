"""One privacy centre for each module: its own namespace on the run's stack."""

import socket
from collections.abc import AsyncIterator

import pytest_asyncio

from shared.settings import Settings
from shared.stack import Stack
from tests.rights.centre import Centre, centre


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(stack: Stack, settings: Settings) -> AsyncIterator[Centre]:
    own = settings.model_copy(update={"internal_url": f"http://127.0.0.1:{_free_port()}"})
    async with centre(own, stack.inbox) as opened, opened.working():
        await opened.await_value("select exists (select from register)")
        yield opened
