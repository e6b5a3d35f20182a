"""The website's real pages and database."""

from collections.abc import AsyncIterator

import httpx2
import pytest_asyncio

from contracts.vocabulary import Role
from services.website.settings import SERVICE
from services.website.whole import SERVICE as WEBSITE
from shared.database import Database, apply_schemas
from shared.keys import apply_keys, signer_for
from shared.settings import Settings
from shared.web import public_app
from tests.website.site import Website


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def website(settings: Settings) -> AsyncIterator[Website]:
    """Open the website with an empty database."""
    await apply_schemas(settings, [WEBSITE.schema()])
    apply_keys(settings, (SERVICE,), ())
    signer = signer_for(settings, SERVICE, Role.SERVICE)
    eraser = await Database.connect(settings, SERVICE, "eraser", signer=signer, size=4)
    web = public_app(settings, [WEBSITE.part()])
    transport = httpx2.ASGITransport(app=web)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
        yield Website(settings, web, client, eraser)
    await web.state.web.close()
    await eraser.close()
