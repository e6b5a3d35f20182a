"""The events slice with an empty database; its worker does not run, its mailer does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from contracts.vocabulary import Role
from services.events.declaration import SERVICE
from shared.database import Database
from shared.database.migrations import apply_schemas
from shared.keys import apply_keys, signer_for
from shared.mail import Mailer, make_dkim_key
from shared.settings import Settings
from shared.stack import Stack
from shared.web import internal_app, public_app
from tests.events.site import NAME, Events


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def events(stack: Stack, settings: Settings) -> AsyncIterator[Events]:
    """Open the slice with an empty database."""
    await apply_schemas(settings, (SERVICE.schema(),))
    apply_keys(settings, (NAME,), (NAME,))
    make_dkim_key(settings.secrets / "dkim.pem")
    signer = signer_for(settings, NAME, Role.SERVICE)
    async with contextlib.AsyncExitStack() as opened:
        app = await Database.connect(settings, NAME, "app", signer=signer, size=6)
        opened.push_async_callback(app.close)
        eraser = await Database.connect(settings, NAME, "eraser", signer=signer, size=4)
        opened.push_async_callback(eraser.close)
        async with app.begin() as tx:  # nobody consumes here, so nothing is to be caught up
            await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
        part = SERVICE.part()
        public = public_app(settings, [part])
        opened.push_async_callback(public.state.web.close)
        client, inside = [
            await opened.enter_async_context(
                httpx2.AsyncClient(
                    transport=httpx2.ASGITransport(app=one), base_url=settings.public_url
                )
            )
            for one in (public, internal_app(settings, [part], beside=public))
        ]
        events = Events(settings, client, inside, stack.inbox, app, eraser, public)
        assert SERVICE.mails is not None
        post: Any = SERVICE.mails(settings)
        events.mails_of = post.resolve.__self__
        mailer = Mailer(app, post, ready=events.gate)
        task = asyncio.create_task(mailer.run())
        yield events
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
