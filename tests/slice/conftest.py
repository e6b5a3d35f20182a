"""The invoices: real pages on both listeners, a real database, a real mailer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from contracts.messages import Message, parse, split_lines
from contracts.vocabulary import Role
from shared.database import Database
from shared.database.migrations import apply_schemas
from shared.desk import NewStaff, add_staff
from shared.keys import apply_keys, signer_for
from shared.mail import Mailer, make_dkim_key
from shared.settings import Settings
from shared.stack import Stack
from shared.stack.inbox import Inbox
from shared.web import internal_app, public_app
from tests.slice.shop import NAME, SERVICE


@dataclass
class Shop:
    """What a test may use."""

    settings: Settings
    client: httpx2.AsyncClient
    inside: httpx2.AsyncClient
    app: Database
    eraser: Database
    inbox: Inbox
    staff: NewStaff

    async def told(self, kind: type[Message]) -> list[Any]:
        """Give what the outbox holds of one type, oldest first."""
        async with self.app.begin() as tx:
            rows = await tx.fetch("select value from outbox order by id")
        events = [parse(line) for row in rows for line in split_lines(row["value"])]
        return [event.message for event in events if isinstance(event.message, kind)]

    async def forget(self) -> None:
        """Empty the outbox."""
        relay = await Database.connect(self.settings, NAME, "relay", size=1)
        async with relay.begin() as tx:
            await tx.execute("delete from outbox")
        await relay.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(stack: Stack, settings: Settings) -> AsyncIterator[Shop]:
    """Open the service with an empty database; its own worker does not run, its mailer does."""
    await apply_schemas(settings, (SERVICE.schema(),))
    apply_keys(settings, (NAME,), (NAME,))
    make_dkim_key(settings.secrets / "dkim.pem")
    signer = signer_for(settings, NAME, Role.SERVICE)
    async with contextlib.AsyncExitStack() as opened:
        app = await Database.connect(settings, NAME, "app", signer=signer, size=4)
        opened.push_async_callback(app.close)
        eraser = await Database.connect(settings, NAME, "eraser", signer=signer, size=4)
        opened.push_async_callback(eraser.close)
        async with app.begin() as tx:  # nobody consumes here, so nothing is to be caught up
            await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
            staff = await add_staff(tx, "grace")
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
        assert SERVICE.mails is not None
        mailer = Mailer(app, SERVICE.mails(settings), ready=Open())
        task = asyncio.create_task(mailer.run())
        yield Shop(settings, client, inside, app, eraser, stack.inbox, staff)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class Open:
    """A gate that is open."""

    async def wait(self) -> None:
        """Return at once."""
