"""What falls due is done once, in batches; what fails is set aside; nobody waits without need."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared.database import Database, Transaction, apply
from shared.deadlines import (
    Due,
    clear_deadline,
    keep_deadlines,
    run_due,
    set_deadline,
    set_deadlines,
)
from shared.inventory import erase
from shared.settings import Settings
from tests.database import slice as club

PAST = datetime(2020, 1, 1, tzinfo=UTC)
NEXT = "select next_due(array['leave'], $1)"
FUTURE = datetime(2120, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def eraser(settings: Settings) -> AsyncIterator[Database]:
    """Open the club's database as its clock sees it."""
    await apply(settings, club.SERVICE, club.FOLDER)
    database = await Database.connect(settings, club.SERVICE, "eraser", size=6)
    yield database
    await database.close()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def empty(eraser: Database) -> None:
    """Begin without deadlines."""
    async with eraser.begin() as tx:
        await tx.execute("delete from deadline")


async def members(eraser: Database, count: int, due_at: datetime, kind: str) -> list[UUID]:
    async with eraser.begin() as tx:
        subjects = await club.join_all(tx, [f"{n}@example.org" for n in range(count)])
        for subject in subjects:
            await set_deadline(tx, subject, kind, due_at, {"number": 1})
    return subjects


async def left(eraser: Database) -> int:
    async with eraser.begin() as tx:
        count: int = await tx.fetchval("select count(*) from deadline")
    return count


async def test_what_is_due_is_done_and_the_rest_waits(eraser: Database) -> None:
    due = await members(eraser, 3, PAST, "leave")
    await members(eraser, 2, FUTURE, "leave")
    await members(eraser, 1, PAST, "other")
    seen: list[Due] = []

    async def leave(tx: Transaction, rows: Sequence[Due]) -> None:
        seen.extend(rows)
        await erase(tx, club.INVENTORY, [row.subject_id for row in rows if row.subject_id])

    done = await run_due(eraser, {"leave": leave})

    assert (done, await left(eraser)) == (3, 3)
    assert {row.subject_id for row in seen} == set(due)
    assert {(row.kind, row.due_at, row.payload["number"]) for row in seen} == {("leave", PAST, 1)}


async def test_more_than_a_batch_is_done(eraser: Database) -> None:
    await members(eraser, 1_100, PAST, "leave")
    batches: list[int] = []

    async def leave(tx: Transaction, rows: Sequence[Due]) -> None:
        del tx
        batches.append(len(rows))

    assert await run_due(eraser, {"leave": leave}) == 1_100
    assert batches == [500, 500, 100]


async def test_two_clocks_share_the_work(eraser: Database) -> None:
    await members(eraser, 900, PAST, "leave")
    seen: list[UUID] = []

    async def leave(tx: Transaction, rows: Sequence[Due]) -> None:
        await tx.execute("select pg_sleep(0.02)")
        seen.extend(row.deadline_id for row in rows)

    done = await asyncio.gather(*(run_due(eraser, {"leave": leave}) for _ in range(3)))

    assert sum(done) == len(seen) == len(set(seen)) == 900
    assert await left(eraser) == 0


async def test_a_subject_has_one_deadline_of_a_kind(eraser: Database) -> None:
    (subject,) = await members(eraser, 1, PAST, "leave")

    async with eraser.begin() as tx:
        await set_deadline(tx, subject, "leave", FUTURE)
        await set_deadline(tx, subject, "other", FUTURE)
        await set_deadline(tx, None, "sweep", FUTURE)
        await set_deadline(tx, None, "sweep", FUTURE)

    assert await left(eraser) == 4
    async with eraser.begin() as tx:
        assert await clear_deadline(tx, subject, "leave") is True
        assert await clear_deadline(tx, subject, "leave") is False


async def test_many_are_set_at_once(eraser: Database) -> None:
    async with eraser.begin() as tx:
        await set_deadlines(tx, "leave", PAST, [{"number": number} for number in range(3)])
    assert eraser.deadline_written.is_set()
    seen: list[Due] = []

    async def leave(tx: Transaction, rows: Sequence[Due]) -> None:
        del tx
        seen.extend(rows)

    assert await run_due(eraser, {"leave": leave}) == 3
    assert {(row.subject_id, row.due_at) for row in seen} == {(None, PAST)}
    assert sorted(row.payload["number"] for row in seen) == [0, 1, 2]


async def test_what_fails_alone_is_set_aside_and_the_others_are_done(eraser: Database) -> None:
    subjects = await members(eraser, 5, PAST, "leave")
    poison = subjects[2]
    done: list[UUID | None] = []

    async def leave(tx: Transaction, rows: Sequence[Due]) -> None:
        if poison in {row.subject_id for row in rows}:
            await tx.execute("select 1 / 0")
        done.extend(row.subject_id for row in rows)

    await run_due(eraser, {"leave": leave})
    await run_due(eraser, {"leave": leave})

    assert set(done) == set(subjects) - {poison}
    async with eraser.begin() as tx:
        (row,) = await tx.fetch("select subject_id, due_at, failed_at from deadline")
        assert (row["subject_id"], row["due_at"]) == (poison, PAST)
        await tx.execute("update deadline set failed_at = failed_at - interval '10 minutes'")

    poison = uuid4()
    task = asyncio.create_task(keep_deadlines(eraser, {"leave": leave}))
    async with asyncio.timeout(30):
        while await left(eraser):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    task.cancel()


@pytest.mark.rule("R-18-01")
async def test_the_restricted_wait_until_it_is_lifted(eraser: Database) -> None:
    (subject,) = await members(eraser, 1, PAST, "leave")
    async with eraser.begin() as tx:
        await tx.execute("update subject set restricted_at = now() where subject_id = $1", subject)

    assert await run_due(eraser, {"leave": nothing}) == 0
    assert await eraser.look(NEXT, PAST) is None
    async with eraser.begin() as tx:
        await tx.execute("update subject set restricted_at = null where subject_id = $1", subject)
    assert await eraser.look(NEXT, PAST) == PAST
    assert await run_due(eraser, {"leave": nothing}) == 1


async def nothing(tx: Transaction, rows: Sequence[Due]) -> None:
    """Do nothing but let the rows go."""


async def test_the_clock_leaves_who_is_being_erased(eraser: Database) -> None:
    """It neither waits for an erasure nor dies of a deadlock with it."""
    (subject,) = await members(eraser, 1, PAST, "leave")

    async with eraser.begin() as tx:
        await tx.execute("select from subject where subject_id = $1 for update", subject)
        assert await run_due(eraser, {"leave": nothing}) == 0
        erased = await erase(tx, club.INVENTORY, [subject])

    assert erased.closed == [subject]
    assert await left(eraser) == 0


async def test_the_clock_task_wakes_for_the_next_deadline(eraser: Database) -> None:
    (subject,) = await members(eraser, 1, FUTURE, "leave")
    done = asyncio.Event()

    async def leave(tx: Transaction, rows: Sequence[Due]) -> None:
        del tx, rows
        done.set()

    # Looking again would take an hour: only waking for what was set here is fast enough.
    task = asyncio.create_task(
        keep_deadlines(eraser, {"leave": leave}, look_again=timedelta(hours=1))
    )
    while not eraser.deadline_written._waiters:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    async with eraser.begin() as tx:
        await set_deadline(tx, subject, "leave", tx.now + timedelta(milliseconds=300))
    async with asyncio.timeout(30):
        await done.wait()
    task.cancel()


async def test_the_clock_task_finds_what_others_set(eraser: Database) -> None:
    (subject,) = await members(eraser, 1, FUTURE, "leave")
    done = asyncio.Event()

    async def leave(tx: Transaction, rows: Sequence[Due]) -> None:
        del tx, rows
        done.set()

    task = asyncio.create_task(
        keep_deadlines(eraser, {"leave": leave}, look_again=timedelta(milliseconds=50))
    )
    async with eraser.begin() as tx:
        await tx.execute("update deadline set due_at = $2 where subject_id = $1", subject, PAST)
    async with asyncio.timeout(30):
        await done.wait()
    task.cancel()
