"""The inbox has its coming days, and drops the old ones."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from shared.database import Database, keep_inbox, turn_inbox
from shared.settings import Settings
from tests.database import slice as club


async def test_the_inbox_has_a_week_ahead(eraser: Database) -> None:
    async with eraser.begin() as tx:
        for days in (0, 6):
            await tx.execute(
                "insert into inbox values ($1, (now() at time zone 'utc')::date + $2::integer)",
                b"id",
                days,
            )


async def test_old_days_are_dropped_whole(eraser: Database, club_settings: Settings) -> None:
    owner = await asyncpg.connect(club_settings.database_url(club.SERVICE, "owner"))
    await owner.execute(
        "create table inbox_20200101 partition of inbox"
        " for values from ('2020-01-01') to ('2020-01-02')"
    )
    await owner.execute("insert into inbox values ('old', '2020-01-01')")
    await owner.close()

    async with eraser.begin() as tx:
        await turn_inbox(tx)
        await turn_inbox(tx)
        old = await tx.fetchval("select count(*) from inbox where seen_on < '2021-01-01'")
        there = await tx.fetchval("select to_regclass('inbox_20200101')")

    assert (old, there) == (0, None)


async def test_days_stay_within_bounds(eraser: Database) -> None:
    with pytest.raises(asyncpg.RaiseError):
        async with eraser.begin() as tx:
            await turn_inbox(tx, keep=timedelta(0))


async def test_a_worker_keeps_the_days_turned(eraser: Database, club_settings: Settings) -> None:
    owner = await asyncpg.connect(club_settings.database_url(club.SERVICE, "owner"))
    last = await owner.fetchval(
        "select max(inhrelid::regclass::text) from pg_inherits where inhparent = 'inbox'::regclass"
    )
    await owner.execute(f"drop table {last}")

    task = asyncio.create_task(keep_inbox(eraser, every=timedelta(milliseconds=20)))
    async with asyncio.timeout(30):
        while not await owner.fetchval("select to_regclass($1)::text", last):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()
    await owner.close()
