"""The small slice in a real database, seen by each role."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.database import Database, apply
from shared.settings import Settings
from tests.database import slice as club


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def club_settings(settings: Settings) -> Settings:
    """Give settings whose database `club` is up to date."""
    await apply(settings, club.SERVICE, club.FOLDER)
    return settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(club_settings: Settings) -> AsyncIterator[Database]:
    """Open the club's database as its web process sees it, able to sign."""
    database = await Database.connect(club_settings, club.SERVICE, "app", signer=club.signer())
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def eraser(club_settings: Settings) -> AsyncIterator[Database]:
    """Open the club's database as its consumer and clock see it, able to sign."""
    database = await Database.connect(
        club_settings, club.SERVICE, "eraser", signer=club.signer(), size=20
    )
    yield database
    await database.close()
