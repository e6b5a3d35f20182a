"""The newsletter's real pages, database, mailer and inbox."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from contracts.vocabulary import Role
from services.newsletter.declaration import SERVICE as NEWSLETTER
from services.newsletter.mails import Mails
from services.newsletter.settings import SERVICE
from shared.database import Database, apply
from shared.keys import apply_keys, signer_for
from shared.mail import Mailer, make_dkim_key
from shared.settings import Settings
from shared.stack import Stack
from shared.web import public_app
from tests.newsletter.site import SENDER, Newsletter


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def newsletter(stack: Stack, settings: Settings) -> AsyncIterator[Newsletter]:
    """Open the newsletter with an empty database."""
    folder = NEWSLETTER.folder / "migrations"
    await apply(settings, SERVICE, folder)
    apply_keys(settings, (SERVICE,), ())
    make_dkim_key(settings.secrets / "dkim.pem")
    signer = signer_for(settings, SERVICE, Role.SERVICE)
    eraser = await Database.connect(settings, SERVICE, "eraser", signer=signer, size=6)
    app = await Database.connect(settings, SERVICE, "app", signer=signer, size=6)
    async with app.begin() as tx:  # nobody consumes here, so nothing is to be caught up
        await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
    web = public_app(settings, [NEWSLETTER.part()])
    transport = httpx2.ASGITransport(app=web)
    async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
        yield Newsletter(settings, client, stack.inbox, app, eraser, web=web)
    await web.state.web.close()
    await app.close()
    await eraser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def mailer(newsletter: Newsletter) -> AsyncIterator[Mailer]:
    """Let the newsletter's mailer work."""
    newsletter.mails_of = Mails(newsletter.settings.public_url, newsletter.config)
    working = Mailer(newsletter.app, newsletter.mails_of.post(SENDER), ready=newsletter.gate)
    task = asyncio.create_task(working.run())
    yield working
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
