"""A slice that may pass data on: the club's tables under the name of the service that asks."""

from collections.abc import AsyncIterator

import pytest_asyncio

from contracts.vocabulary import Role
from shared.database import Database, apply
from shared.settings import Settings
from tests.contracts.samples import signer
from tests.database import slice as club

SERVICE = "events"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def eraser(settings: Settings) -> AsyncIterator[Database]:
    """Open the slice as its worker sees it."""
    await apply(settings, SERVICE, club.FOLDER)
    own = signer(SERVICE, Role.SERVICE)
    database = await Database.connect(settings, SERVICE, "eraser", signer=own, size=4)
    yield database
    await database.close()
