"""What passes by itself is told from what does not."""

import asyncio

import asyncpg
import pytest

from shared.database import Database, is_transient
from shared.settings import Settings
from tests.database import slice as club


async def test_a_killed_connection_is_transient_and_replaced(
    eraser: Database, club_settings: Settings
) -> None:
    admin = await asyncpg.connect(club_settings.admin_url())
    with pytest.raises(Exception) as raised:  # noqa: PT011, PT012
        async with eraser.begin() as tx:
            backend = await tx.fetchval("select pg_backend_pid()")
            await admin.execute("select pg_terminate_backend($1)", backend)
            await tx.execute("select pg_sleep(1)")
    await admin.close()

    assert is_transient(raised.value)
    async with eraser.begin() as tx:
        assert await tx.fetchval("select 1") == 1


async def test_a_deadlock_is_transient(eraser: Database) -> None:
    async with eraser.begin() as tx:
        one, two = await club.join_all(tx, ["one@example.org", "two@example.org"])
    both_locked = asyncio.Barrier(2)

    async def lock(first: object, second: object) -> None:
        async with eraser.begin() as tx:
            for number, subject in enumerate((first, second)):
                await tx.execute("select from subject where subject_id = $1 for update", subject)
                if number == 0:
                    await both_locked.wait()

    results = await asyncio.gather(lock(one, two), lock(two, one), return_exceptions=True)

    errors = [result for result in results if isinstance(result, BaseException)]
    assert [is_transient(error) for error in errors] == [True]


async def test_a_server_that_is_away_is_transient(club_settings: Settings) -> None:
    away = club_settings.model_copy(update={"postgres": "127.0.0.1:1"})

    with pytest.raises(OSError) as raised:  # noqa: PT011
        await Database.connect(away, club.SERVICE, "app")

    assert is_transient(raised.value)


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 / 0",
        "insert into seat (subject_id, town) values (gen_random_uuid(), '')",
        "insert into member (subject_id) values (gen_random_uuid())",
        "select * from nowhere",
        "select 'x'::uuid",
    ],
)
async def test_what_fails_the_same_way_again_is_not(eraser: Database, statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with eraser.begin() as tx:
            await tx.execute(statement)

    assert not is_transient(raised.value)
