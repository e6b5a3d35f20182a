"""Nobody from before the cut-off is left, whoever signs up or writes meanwhile."""

import asyncio
from datetime import datetime
from itertools import count
from uuid import uuid4

import asyncpg

from shared.database import Database, barrier
from shared.database.locks import SUBJECT_BARRIER
from shared.inventory import erase
from tests.database import slice as club

SIGN_UPS = 300
ADDRESS = "ada@example.org"


async def find(eraser: Database, until: datetime) -> list[object]:
    async with eraser.begin() as tx:
        rows = await tx.fetch(
            """
            select subject_id
              from member
              join subject using (subject_id)
             where email = $1
               and address_since <= $2
            """,
            ADDRESS,
            until,
        )
    return [row["subject_id"] for row in rows]


async def sign_up(app: Database, pauses: "count[int]") -> None:
    """One sign-up that takes its time between the row and the commit, as a slow form does."""
    async with app.begin() as tx:
        await club.join(tx, ADDRESS)
        await asyncio.sleep(next(pauses) % 5 / 1000)


async def write_late(app: Database, known: list[object], refused: list[int]) -> None:
    """Write a seat for somebody who may be gone by now."""
    try:
        async with app.begin() as tx:
            await tx.execute(
                "insert into seat (subject_id, town) values ($1, 'Unna')",
                known[uuid4().int % len(known)],
            )
    except asyncpg.ForeignKeyViolationError:
        refused.append(1)


async def test_erasures_racing_with_sign_ups_leave_nobody_from_before(
    app: Database, eraser: Database
) -> None:
    pauses, refused, survivors = count(), [0], 0
    known: list[object] = [uuid4()]
    writers = asyncio.gather(*(signing_up(app, pauses, known, refused) for _ in range(3)))
    cutoffs = 0

    while not writers.done():
        until = await barrier(eraser)
        cutoffs += 1
        found = await find(eraser, until)
        known[:] = found or known
        async with eraser.begin() as tx:
            await erase(tx, club.INVENTORY, found)  # type: ignore[arg-type]
        await asyncio.sleep(0.006)  # longer than the slowest sign-up: whoever hid appears now
        survivors += len(await find(eraser, until))

    await writers
    assert cutoffs > 10
    assert len(refused) > 1, "no write came late: the race was none"
    assert survivors == 0, "a sign-up from before the cut-off outlived its erasure"


async def signing_up(
    app: Database, pauses: "count[int]", known: list[object], refused: list[int]
) -> None:
    for _ in range(SIGN_UPS):
        await sign_up(app, pauses)
        await write_late(app, known, refused)


async def test_a_changed_address_takes_the_time_of_its_change(app: Database) -> None:
    async with app.begin() as tx:
        subject = await club.join(tx, "old@example.org")
    async with app.begin() as tx:
        before = await tx.fetchrow("select * from subject where subject_id = $1", subject)
        await tx.execute(
            "update subject set address_since = '2000-01-01' where subject_id = $1", subject
        )
        after = await tx.fetchrow("select * from subject where subject_id = $1", subject)

    assert before is not None
    assert after is not None
    assert after["begun_at"] == before["begun_at"] == before["address_since"]
    assert after["address_since"] > before["address_since"]


async def test_nobody_chooses_their_own_time(app: Database) -> None:
    async with app.begin() as tx:
        begun_at = await tx.fetchval(
            "insert into subject values ($1, '2000-01-01', '2000-01-01') returning begun_at",
            uuid4(),
        )

    assert begun_at.year > 2000


async def test_the_barrier_waits_for_who_has_begun(app: Database, eraser: Database) -> None:
    async with app.begin() as tx:
        await club.join(tx, "slow@example.org")
        passing = asyncio.create_task(barrier(eraser))
        done, _ = await asyncio.wait({passing}, timeout=0.2)
        assert not done

    passed = await passing
    async with app.begin() as tx:
        begun = await tx.fetchval(
            "select max(begun_at) from subject join member using (subject_id)"
            " where email = 'slow@example.org'"
        )
    assert begun < passed


async def test_schema_and_code_mean_the_same_lock(app: Database) -> None:
    async with app.begin() as tx:
        body = await tx.fetchval("select prosrc from pg_proc where proname = 'begin_subject'")

    assert f"pg_advisory_xact_lock_shared({SUBJECT_BARRIER})" in body
