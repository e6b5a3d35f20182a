"""What nobody needs any more goes, and a database that is away meanwhile ends no process."""

import asyncio
from datetime import timedelta

import pytest

from shared.database import Transaction
from shared.mail import Mailer, mailer, quota
from shared.web.tokens import TokenState, find_token, forget_expired, new_token
from tests.mail.test_mailer import LEASE, Office, database, office

__all__ = ["database", "office"]


async def test_a_sweep_that_fails_stops_no_mail(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: asyncio.Queue[None] = asyncio.Queue()

    async def away(_tx: Transaction) -> None:
        tried.put_nowait(None)
        raise ConnectionResetError

    monkeypatch.setattr(mailer, "SWEEP_S", 0.01)
    monkeypatch.setattr(quota, "sweep", away)
    running = asyncio.create_task(
        Mailer(office.database, office.post(), ready=office, lease=LEASE).run()
    )
    try:
        async with asyncio.timeout(10):
            await tried.get()
            await tried.get()
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_links_end_with_their_time_and_others_stay(office: Office) -> None:
    office.addresses.clear()
    subject = await office.write()
    async with office.database.begin() as tx:
        await new_token(tx, subject, "confirm", tx.now - timedelta(seconds=1))
        live = await new_token(tx, subject, "confirm", tx.now + timedelta(hours=1))
        assert await forget_expired(tx) == 1
        assert await find_token(tx, live, "confirm") == (TokenState.LIVE, subject)
