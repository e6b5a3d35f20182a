"""The website's real pages and database, with every tracker of the register in use."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from contracts.vocabulary import Role
from services.website.declaration import SERVICE as WEBSITE
from services.website.registers import configured_registers
from services.website.settings import SERVICE, configured
from shared.database import Database, apply_schemas
from shared.keys import apply_keys, signer_for
from shared.settings import Settings
from shared.web import public_app
from tests.website.site import SITES, Website


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def website(settings: Settings) -> AsyncIterator[Website]:
    """Open the website with an empty database."""
    await apply_schemas(settings, [WEBSITE.schema()])
    apply_keys(settings, (SERVICE,), ())
    signer = signer_for(settings, SERVICE, Role.SERVICE)
    eraser = await Database.connect(settings, SERVICE, "eraser", signer=signer, size=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPUNGE_TRACKERS", json.dumps(SITES))
        configured.cache_clear()
        configured_registers.cache_clear()
        web = public_app(settings, [WEBSITE.part()])
        site = Website(settings, web, eraser)
        async with site.browser() as client:
            await client.get("/")  # the layer reads its settings now
            yield site
    configured.cache_clear()
    configured_registers.cache_clear()
    await web.state.web.close()
    await eraser.close()
