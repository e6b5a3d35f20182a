"""A batch asks for a few rows of many: they are found by index, however many rows there are."""

import asyncpg

from shared.database import Database
from shared.settings import Settings
from tests.database import slice as club

ROWS = 20_000
BATCH = 500


async def test_a_batch_reads_its_rows_and_not_the_table(
    club_settings: Settings, app: Database
) -> None:
    owner = await asyncpg.connect(club_settings.database_url(club.SERVICE, "owner"))
    try:
        await owner.execute("create table many (id integer primary key, word text, at timestamptz)")
        await owner.execute("grant select on many to public")
        await owner.execute(
            "insert into many select n, repeat('x', 100), now() from generate_series(1, $1) n", ROWS
        )
        await owner.execute("analyze many")
        async with app.begin() as tx:
            found = await tx.fetchval(
                """
                select count(*)
                  from unnest($1::integer[], $2::text[]) as told (id, word)
                  join many using (id)
                 where many.word is distinct from told.word
                """,
                list(range(ROWS - BATCH, ROWS)),
                [""] * BATCH,
            )
            scans = await tx.fetchval(
                "select seq_scan from pg_stat_xact_user_tables where relname = 'many'"
            )
    finally:
        await owner.execute("drop table if exists many")
        await owner.close()

    assert (found, scans) == (BATCH, 0)
