"""Registration's real pages, database, mailer and inbox."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from contracts.vocabulary import Role
from services.registration import passwords
from services.registration.declaration import FOLDER, SERVICE
from services.registration.mails import Mails
from shared.database import Database
from shared.database.migrations import apply_schemas
from shared.keys import apply_keys, signer_for
from shared.mail import Mailer, make_dkim_key
from shared.settings import Settings
from shared.stack import Stack
from shared.web import public_app
from shared.web.configuration import WebSettings
from shared.web.wordings import read_wordings
from tests.registration.site import SENDER, Site

NAME = SERVICE.name


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(stack: Stack, settings: Settings) -> AsyncIterator[Site]:
    """Open registration with an empty database."""
    await apply_schemas(settings, (SERVICE.schema(),))
    apply_keys(settings, (NAME,), ())
    make_dkim_key(settings.secrets / "dkim.pem")
    signer = signer_for(settings, NAME, Role.SERVICE)
    eraser = await Database.connect(settings, NAME, "eraser", signer=signer, size=6)
    app = await Database.connect(settings, NAME, "app", signer=signer, size=6)
    async with eraser.begin() as tx:  # nobody consumes here, so nothing is to be caught up
        await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
        await tx.execute("insert into register values (1, '{newsletter,registration}')")
    web = public_app(settings, [SERVICE.part()])
    transport = httpx2.ASGITransport(app=web)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
        yield Site(settings, client, stack.inbox, app, eraser, web)
    await web.state.web.close()
    await app.close()
    await eraser.close()


@pytest.fixture(scope="module", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hash with less work than a person waits for: what it costs is not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 1024, 1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def mailer(site: Site) -> AsyncIterator[Mailer]:
    """Let registration's mailer work."""
    controller = WebSettings.load().read_controller()
    mails = Mails(site.settings, controller, read_wordings(FOLDER))
    working = Mailer(site.app, mails.post(SENDER), ready=site.gate)
    task = asyncio.create_task(working.run())
    yield working
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
