"""What is told commits with the effect, once, as signed records."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from contracts.messages import ConsentWithdrawn, SliceErased, SubjectsClosed, split_lines
from contracts.proof import Proof, PublicKey, Record, Signer, check
from contracts.topics import ERASURE, MAX_RECORD_BYTES
from shared.database import Database, NoSigner, TooMuchTold, Transaction, unpack_headers
from shared.database.sealing import seal_messages
from shared.settings import Settings
from tests.contracts.samples import CLOSED, ERASED, NOW, REMINDED, WITHDRAWN
from tests.database import slice as club


async def outbox(database: Database) -> list[asyncpg.Record]:
    async with database.begin() as tx:
        return await tx.fetch("select * from outbox order by id")


def withdrawn(tx: Transaction) -> ConsentWithdrawn:
    return WITHDRAWN.model_copy(update={"consent_id": uuid4(), "withdrawn_at": tx.now})


async def test_what_is_told_commits_with_the_effect(app: Database) -> None:
    before = len(await outbox(app))
    app.outbox_written.clear()

    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with app.begin() as tx:
            subject = await club.join(tx)
            tx.tell(withdrawn(tx))
            await tx.flush()
            raise ZeroDivisionError

    async with app.begin() as tx:
        gone = await tx.fetchval("select count(*) from subject where subject_id = $1", subject)
    assert (gone, len(await outbox(app)), app.outbox_written.is_set()) == (0, before, False)

    async with app.begin() as tx:
        tx.tell(withdrawn(tx))
        assert not app.outbox_written.is_set()

    assert (len(await outbox(app)), app.outbox_written.is_set()) == (before + 1, True)


async def test_an_outbox_row_is_a_record_that_verifies(app: Database) -> None:
    async with app.begin() as tx:
        tx.tell(*(withdrawn(tx) for _ in range(3)))
        sealed = await tx.flush()

    rows = (await outbox(app))[-3:]
    assert [row["value"] for row in rows] == [entry.value for entry in sealed]
    for row, entry in zip(rows, sealed, strict=True):
        record = Record.from_value(
            row["topic"], row["partition"], entry.record.type, row["key"], row["value"]
        )
        proof = Proof.from_headers(unpack_headers(row["headers"]))
        key = public_of(app)
        assert check(record, proof, key) == entry.record_id
        assert split_lines(row["value"])[entry.line] == entry.bytes


def public_of(database: Database) -> PublicKey:
    signer = database._signer
    assert signer is not None
    return PublicKey(signer.key_id, signer.service, signer.role, signer.public, NOW)


def sealed_by(signer: Signer, settings: Settings, *messages: object) -> list[tuple[str, int, int]]:
    found = seal_messages(
        list(messages),  # type: ignore[arg-type]
        signer=signer,
        now=NOW,
        partitions_of=settings.partitions_of,
    )
    return [(entry.record.type, entry.proof.index, entry.line) for entry in found]


async def test_messages_of_one_type_share_a_record(club_settings: Settings) -> None:
    found = sealed_by(club.signer(), club_settings, ERASED, CLOSED, ERASED, WITHDRAWN, WITHDRAWN)

    assert found == [
        ("slice-erased", 1, 0),
        ("subjects-closed", 0, 0),
        ("slice-erased", 1, 1),
        ("consent-withdrawn", 2, 0),
        ("consent-withdrawn", 3, 0),
    ]


async def test_a_record_ends_at_its_limits(club_settings: Settings) -> None:
    many = sealed_by(club.signer(), club_settings, *[REMINDED] * (ERASURE.max_batch + 1))
    assert many[-2:] == [("saga-reminded", 0, ERASURE.max_batch - 1), ("saga-reminded", 1, 0)]

    full = CLOSED.model_copy(update={"subject_ids": tuple(uuid4() for _ in range(5_000))})
    large = seal_messages(
        [full] * 3, signer=club.signer(), now=NOW, partitions_of=club_settings.partitions_of
    )
    assert len({entry.record_id for entry in large}) == 3
    assert all(len(entry.value) <= MAX_RECORD_BYTES for entry in large)


async def test_what_was_closed_goes_out_before_its_receipt(app: Database) -> None:
    async with app.begin() as tx:
        tx.tell(ERASED, CLOSED)

    assert [row["topic"] for row in (await outbox(app))[-2:]] == ["closed.v1", "erasure.v1"]


async def test_receipts_can_be_stored_before_more_is_told(app: Database) -> None:
    async with app.begin() as tx:
        tx.tell(ERASED)
        first = await tx.flush()
        tx.tell(CLOSED)

    assert [type(entry.message) for entry in first] == [SliceErased]
    assert [type(entry.message) for entry in tx.sealed] == [SliceErased, SubjectsClosed]


async def test_a_transaction_does_not_tell_without_end(app: Database) -> None:
    with pytest.raises(TooMuchTold):
        async with app.begin() as tx:
            tx.tell(*[ERASED] * 2_001)


async def test_nothing_is_told_without_a_key(club_settings: Settings) -> None:
    database = await Database.connect(club_settings, club.SERVICE, "app")
    try:
        with pytest.raises(NoSigner):
            async with database.begin() as tx:
                tx.tell(ERASED)
    finally:
        await database.close()


async def test_a_savepoint_takes_back_rows_words_and_callbacks(app: Database) -> None:
    called: list[str] = []
    before = len(await outbox(app))

    async with app.begin() as tx:
        kept = await club.join(tx, "kept@example.org")
        tx.on_commit(lambda: called.append("kept"))
        with pytest.raises(ZeroDivisionError):  # noqa: PT012
            async with tx.savepoint():
                lost = await club.join(tx, "lost@example.org")
                tx.tell(ERASED)
                tx.on_commit(lambda: called.append("lost"))
                raise ZeroDivisionError
        assert called == []

    async with app.begin() as tx:
        rows = await tx.fetch("select subject_id from subject where subject_id = any($1)",
                              [kept, lost])  # fmt: skip
    assert ([row[0] for row in rows], called) == ([kept], ["kept"])
    assert len(await outbox(app)) == before


async def test_a_pooled_connection_forgets_what_was_set_local(app: Database) -> None:
    """The pool has no reset query: only `set local` is used, and ends with its transaction."""
    async with app.begin() as tx:
        backend = await tx.fetchval("select pg_backend_pid()")
        await tx.by_person()
        await tx.execute("set local work_mem = '5MB'")

    async with app.begin() as tx:
        assert await tx.fetchval("select pg_backend_pid()") == backend
        seen = await tx.fetchrow(
            "select current_setting('expunge.by_person', true) as who,"
            " current_setting('work_mem') <> '5MB' as forgotten,"
            " current_setting('plan_cache_mode') as plans"
        )
    assert seen is not None
    assert tuple(seen.values()) == ("", True, "force_custom_plan")


async def test_a_cancelled_task_leaves_no_open_transaction(app: Database) -> None:
    started = asyncio.Event()

    async def slow() -> None:
        async with app.begin() as tx:
            await club.join(tx, "slow@example.org")
            started.set()
            await tx.execute("select pg_sleep(30)")

    task = asyncio.create_task(slow())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with app.begin() as tx:
        left = await tx.fetchval("select count(*) from member where email = 'slow@example.org'")
    assert left == 0


async def test_a_slow_form_does_not_hold_the_barrier(app: Database) -> None:
    async with app.begin() as tx:
        limit = await tx.fetchval("select current_setting('idle_in_transaction_session_timeout')")

    assert limit == "5s"
