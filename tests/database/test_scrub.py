"""What a scrub says of tables that it could not rewrite."""

from shared.scrub.rewriting import BUSY, NOT_PERMITTED, STILL_SEEN, Left, rewrite
from shared.settings import Settings
from tests.database import slice as club
from tests.database.test_roles import connected

HERE = (club.SERVICE, "member")


async def test_a_table_that_somebody_uses_is_named_and_done_later(
    club_settings: Settings,
) -> None:
    async with connected(club_settings, "eraser") as mine, connected(club_settings, "app") as other:
        await mine.execute("set lock_timeout = 50")
        async with other.transaction():
            await other.fetch("select from member")
            during = await rewrite(mine, club.SERVICE, ["member"], patience_s=0)
        after = await rewrite(mine, club.SERVICE, ["member"], patience_s=0)

    assert (during, after) == ([Left(*HERE, BUSY)], [])


async def test_rows_that_an_old_transaction_still_sees_are_named(club_settings: Settings) -> None:
    async with connected(club_settings, "eraser") as mine, connected(club_settings, "app") as other:
        await mine.execute("insert into ephemeral values ('t', '\\x00', now(), 1, now())")
        async with other.transaction(isolation="repeatable_read"):
            await other.fetchval("select 1")  # its view of the world begins here
            await mine.execute("delete from ephemeral where kind = 't'")
            during = await rewrite(mine, club.SERVICE, ["ephemeral"], patience_s=0)
        after = await rewrite(mine, club.SERVICE, ["ephemeral"], patience_s=0)

    assert (during, after) == ([Left(club.SERVICE, "ephemeral", STILL_SEEN)], [])


async def test_a_role_that_may_not_is_told_so(club_settings: Settings) -> None:
    async with connected(club_settings, "app") as app:
        left = await rewrite(app, club.SERVICE, ["member"], patience_s=0)

    assert left == [Left(*HERE, NOT_PERMITTED)]
