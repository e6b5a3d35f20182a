"""Erasure follows the inventory alone: everything of the subject, nothing of anybody else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from contracts.fields import Held
from contracts.vocabulary import Ground
from shared.database import Database, Transaction, apply
from shared.inventory import erase, place_hold, read_counts
from shared.inventory.holds import end_holds
from shared.settings import Settings
from tests.database import slice as club

UNTIL = datetime(2030, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def eraser(settings: Settings) -> AsyncIterator[Database]:
    """Open the club's database as its consumer sees it."""
    await apply(settings, club.SERVICE, club.FOLDER)
    database = await Database.connect(settings, club.SERVICE, "eraser", size=4)
    yield database
    await database.close()


async def with_everything(tx: Transaction, email: str, town: str = "Unna") -> UUID:
    """Add a member with a row in every table of the slice."""
    subject = await club.join(tx, email)
    seats = await tx.fetch(
        "insert into seat (subject_id, town) values ($1, $2), ($1, $2) returning seat_id",
        subject,
        town,
    )
    await tx.executemany("insert into badge values ($1, $2)", [(row[0], subject) for row in seats])
    await tx.execute("insert into deadline values ($1, $2, 'leave', now())", uuid4(), subject)
    await tx.execute(
        "insert into token values (sha256($1::text::bytea), $2, 'p', now())", email, subject
    )
    await tx.execute(
        "insert into consent values ($1, $2, 'club.mail', 'w', '1', '', 'de', 'f', now())",
        uuid4(),
        subject,
    )
    await tx.execute(
        """
        insert into mail (mail_id, subject_id, kind, template, language, message_id, give_up_at)
        values ($1, $2, 'issue', 'issue', 'de', $3, now())
        """,
        uuid4(),
        subject,
        str(uuid4()),
    )
    return subject


EVERYTHING = {
    "badge": 2, "consent": 1, "deadline": 1, "mail": 1, "member": 1, "seat": 2, "subject": 1,
    "token": 1,
}  # fmt: skip


async def rows_of(tx: Transaction, subject: UUID) -> dict[str, int]:
    found = {
        table: await tx.fetchval(f'select count(*) from "{table}" where subject_id = $1', subject)
        for table in EVERYTHING
    }
    return {table: count for table, count in found.items() if count}


async def test_everything_of_the_subject_goes_and_nothing_else(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await with_everything(tx, "ada@example.org")
        bob = await with_everything(tx, "bob@example.org")

    async with eraser.begin() as tx:
        erased = await erase(tx, club.INVENTORY, [ada, uuid4()])
        left, kept = await rows_of(tx, ada), await rows_of(tx, bob)

    assert erased.closed == [ada]
    assert dict(sorted(erased.rows.items())) == EVERYTHING
    assert (left, kept) == ({}, EVERYTHING)


async def test_each_requests_rows_are_counted_apart(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await with_everything(tx, "ada@example.org")
        bob = await club.join(tx, "bob@example.org")

    async with eraser.begin() as tx:
        erased = await erase(tx, club.INVENTORY, [bob, ada])

    assert erased.closed == sorted([ada, bob])
    assert erased.rows_of([ada]) == EVERYTHING
    assert erased.rows_of([bob]) == {"member": 1, "subject": 1}


async def test_nobody_is_erased_twice(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")

    async with eraser.begin() as tx:
        first = await erase(tx, club.INVENTORY, [ada, ada])
        second = await erase(tx, club.INVENTORY, [ada])

    assert (first.closed, second.closed, second.rows) == ([ada], [], {})


async def test_an_anonymised_row_becomes_a_count(eraser: Database) -> None:
    async with eraser.begin() as tx:
        subjects = [await with_everything(tx, f"{n}@example.org", "Hamm") for n in range(3)]

    async with eraser.begin() as tx:
        await erase(tx, club.INVENTORY, subjects[:1])
        await erase(tx, club.INVENTORY, subjects[1:])
        count = await tx.fetchval("select count from town_count where town = 'Hamm'")
        left = await tx.fetchval("select count(*) from seat where town = 'Hamm'")

    assert (count, left) == (6, 0)


@pytest.mark.rule("R-17-01")
async def test_a_hold_moves_its_fields_aside(eraser: Database, settings: Settings) -> None:
    request = uuid4()
    async with eraser.begin() as tx:
        ada = await with_everything(tx, "ada@example.org", "Soest")
        await place_hold(tx, ada, club.KEPT, UNTIL)
        erased = await erase(tx, club.INVENTORY, [ada], requests={ada: request})
        left = await rows_of(tx, ada)

    holder = await asyncpg.connect(settings.database_url(club.SERVICE, "holder"))
    held = await holder.fetch(
        "select ground, fields::text from held where request_id = $1", request
    )
    await holder.close()
    assert left == {}
    assert erased.held_of([ada]) == (
        Held(ground=Ground.CONTRACT, reference="hgb-257", until=UNTIL, rows=2),
    )
    assert [tuple(row) for row in held] == [
        ("contract", '{"row": {"town": "Soest"}, "table": "seat"}')
    ] * 2


async def test_a_hold_that_is_over_keeps_nothing(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await with_everything(tx, "ada@example.org", "Werl")
        await place_hold(tx, ada, club.KEPT, tx.now - timedelta(seconds=1))
        erased = await erase(tx, club.INVENTORY, [ada])

    assert (erased.kept, erased.rows["hold"]) == ([], 1)


@pytest.mark.rule("R-POL-07")
async def test_a_held_row_goes_on_its_day_and_not_before(
    eraser: Database, settings: Settings
) -> None:
    async with eraser.begin() as tx:
        ada = await with_everything(tx, "ada@example.org", "Olpe")
        await place_hold(tx, ada, club.KEPT, tx.now + timedelta(days=1))
        await erase(tx, club.INVENTORY, [ada])
        before = await end_holds(tx, 10)
    holder = await asyncpg.connect(settings.database_url(club.SERVICE, "holder"))
    await holder.execute(
        "update held set until = now() - interval '1 s' where fields::text like '%Olpe%'"
    )
    await holder.close()

    async with eraser.begin() as tx:
        after, again = await end_holds(tx, 10), await end_holds(tx, 10)

    assert (before, [(one.request_id, one.rows) for one in after], again) == ([], [(None, 2)], [])


@pytest.mark.rule("R-ACC-11")
async def test_what_a_request_left_behind_goes_as_a_whole(
    eraser: Database, settings: Settings
) -> None:
    requests = [uuid4(), uuid4()]
    async with eraser.begin() as tx:
        for request, name in zip(requests, ("ada", "ben"), strict=True):
            one = await with_everything(tx, f"{name}@example.org", "Brilon")
            await place_hold(tx, one, club.KEPT, tx.now + timedelta(days=1))
            await erase(tx, club.INVENTORY, [one], requests={one: request})
    holder = await asyncpg.connect(settings.database_url(club.SERVICE, "holder"))
    await holder.execute(
        "update held set until = now() - interval '1 s' where request_id = any($1)", requests
    )
    await holder.close()

    async with eraser.begin() as tx:
        ended = [await end_holds(tx, 1) for _ in range(3)]

    assert [[(one.rows, one.ground) for one in some] for some in ended] == [
        [(2, Ground.CONTRACT)],
        [(2, Ground.CONTRACT)],
        [],
    ]
    assert {one.request_id for some in ended for one in some} == set(requests)
    assert all(one.ended_at >= one.until for some in ended for one in some)


async def test_small_counts_are_not_given_out(eraser: Database) -> None:
    async with eraser.begin() as tx:
        await tx.execute("delete from town_count")
        await tx.execute("insert into town_count values ('Ahaus', 5), ('Ense', 4), ('Rees', 2)")
        several = await read_counts(tx, club.TOWN_COUNT, 5)
        await tx.execute("delete from town_count where town = 'Rees'")
        one = await read_counts(tx, club.TOWN_COUNT, 5)

    assert (dict(several.cells), several.rest) == ({("Ahaus",): 5}, 6)
    assert (dict(one.cells), one.rest) == ({("Ahaus",): 5}, None)


async def test_a_child_written_meanwhile_is_waited_for_and_deleted(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
    waiting = "select count(*) from pg_locks where not granted"

    async with eraser.begin() as writer:
        await writer.execute("insert into seat (subject_id, town) values ($1, 'Lünen')", ada)
        erasing = asyncio.create_task(erase_alone(eraser, ada))
        async with eraser.begin() as watcher:
            while not await watcher.fetchval(waiting):  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    rows = await erasing
    assert rows == {"seat": 1, "member": 1, "subject": 1}


async def erase_alone(eraser: Database, subject: UUID) -> dict[str, int]:
    async with eraser.begin() as tx:
        return (await erase(tx, club.INVENTORY, [subject])).rows


async def test_a_child_that_comes_late_is_refused(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        await erase(tx, club.INVENTORY, [ada])

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with eraser.begin() as tx:
            await tx.execute("insert into seat (subject_id, town) values ($1, 'Unna')", ada)


async def test_a_row_that_outlives_its_parent_is_deleted_first() -> None:
    order = [table.name for table in club.INVENTORY.deletion_order]

    assert order.index("badge") < order.index("seat")
    assert set(order) >= (set(EVERYTHING) | {"hold"}) - {"subject"}
