"""The writer alone: what waits, what is certified, and what is known of the log elsewhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from contracts.merkle import leaf_hash, root
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import Kind, of_certificate, split_entries
from services.erasure.log import store, writer
from services.erasure.log.files import entries_between, publish
from services.erasure.log.identity import identity
from services.erasure.log.writer import Identity, Writer
from services.erasure.settings import ErasureSettings
from shared.database import Database, Transaction
from shared.settings import Settings
from tests.ledger import ledger

MOST = 700  # leaves: two tiles are full


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with ledger(settings) as opened:
        yield opened.database


@pytest_asyncio.fixture(loop_scope="session")
async def tx(database: Database) -> AsyncIterator[Transaction]:
    """Give a transaction that comes to nothing: every test has an empty log."""

    class Undone(Exception):  # noqa: N818
        pass

    with contextlib.suppress(Undone):
        async with database.begin() as tx:
            yield tx
            raise Undone


@pytest.fixture
def me(settings: Settings, database: Database, tmp_path: Path) -> Identity:  # noqa: ARG001
    return replace(identity(settings, ErasureSettings()), folder=tmp_path)


def said(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


async def wait(tx: Transaction, *numbers: int, partition: int = 0) -> None:
    """Let transactions wait, said at these offsets."""
    await tx.executemany(
        """insert into log_leaf (digest, partition, "offset") values ($1, $2, $3)""",
        [(said(number), partition, number) for number in numbers],
    )


async def name(tx: Transaction, index: int, digest: bytes) -> None:
    """Store what `erasure-certified` names, as a restored database hears it."""
    await tx.execute(
        "insert into certificate values ($1, $2, null, 'complete', now(), $3)",
        uuid4(),
        digest,
        index,
    )
    await tx.execute("update log_told set told = greatest(told, $1)", index + 1)


async def log_of(tx: Transaction) -> list[bytes]:
    rows = await tx.fetch("select content from log_tile where level = 0 order by number")
    return [entry for row in rows for entry in split_entries(row["content"])]


def transaction(number: int) -> bytes:
    return Kind.TRANSACTION.value + said(number)


@pytest.mark.parametrize("step", [1, 255, 256, 257, MOST])
async def test_what_waits_comes_first_in_order_then_the_certificates(
    tx: Transaction, me: Identity, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "APPEND_BATCH", step)
    certificates = [bytes([number]) * 32 for number in range(3)]
    await wait(tx, *range(MOST))
    mine = Writer(me)

    while await store.waits(tx, step):
        await mine.append(tx, [])
    first = await mine.append(tx, certificates)

    log = await log_of(tx)
    assert log == [*map(transaction, range(MOST)), *map(of_certificate, certificates)]
    assert first == MOST
    head = await store.head(tx)
    assert Checkpoint.open(head.note, me.signer.public) == Checkpoint(
        "localhost:8000/log", MOST + 3, root(list(map(leaf_hash, log)))
    )
    assert (head.certified, await store.waiting(tx, 1)) == (MOST + 3, [])


async def test_nothing_new_signs_nothing(tx: Transaction, me: Identity) -> None:
    await wait(tx, 1)
    await Writer(me).append(tx, [])
    before = await store.head(tx)

    assert await Writer(me).append(tx, []) == 1

    assert await store.head(tx) == before


async def test_a_log_that_is_behind_follows_the_topic(tx: Transaction, me: Identity) -> None:
    await wait(tx, 0, 1)
    await Writer(me).append(tx, [])
    await wait(tx, 2, 3, 4, 5)
    await name(tx, 3, b"a" * 32)
    await name(tx, 5, b"b" * 32)

    assert await Writer(me).may_sign(tx)

    a, b = of_certificate(b"a" * 32), of_certificate(b"b" * 32)
    assert await log_of(tx) == [*map(transaction, (0, 1, 2)), a, transaction(3), b]
    assert await store.waiting(tx, 9) == [said(4), said(5)]
    head = await store.head(tx)
    assert (head.size, head.certified, head.told) == (6, 6, 6)


async def test_what_two_partitions_said_has_an_order_only_in_the_files(
    tx: Transaction, me: Identity
) -> None:
    await wait(tx, 0, 2, partition=1)
    await Writer(me).append(tx, [])
    await wait(tx, 1, 3)
    await Writer(me).append(tx, [b"a" * 32])
    await name(tx, 4, b"a" * 32)
    await publish(tx, me.folder)
    log = await log_of(tx)
    await tx.execute("update log_leaf set log_index = null")
    for table in ("log_tile", "log_checkpoint"):
        await tx.execute(f"delete from {table}")
    note = (me.folder / "checkpoint").read_bytes()

    (me.folder / "checkpoint").unlink()
    assert not await Writer(me).may_sign(tx)
    assert (await store.head(tx)).refused == "order-unknown"
    (me.folder / "checkpoint").write_bytes(note)
    assert await Writer(me).may_sign(tx)

    assert await log_of(tx) == log == entries_between(me.folder, 0, 5)
    assert (await store.head(tx)).refused is None


@pytest.mark.parametrize("index", [0, 5])
async def test_what_the_topic_does_not_have_is_not_invented(
    tx: Transaction, me: Identity, index: int
) -> None:
    """A certificate beyond what was said, and one in a place that something else has."""
    await wait(tx, 0, 1)
    await Writer(me).append(tx, [])
    await publish(tx, me.folder)
    if not index:
        await tx.execute("update log_leaf set log_index = null")
        await tx.execute("delete from log_tile")
        await tx.execute("delete from log_checkpoint")
    await name(tx, index, b"a" * 32)

    assert not await Writer(me).may_sign(tx)

    head = await store.head(tx)
    assert head.refused == ("history-missing" if index else "second-history")
    assert head.size == (2 if index else 0)


async def test_only_what_the_topic_names_is_published(tx: Transaction, me: Identity) -> None:
    await wait(tx, 0)
    await Writer(me).append(tx, [])
    await Writer(me).append(tx, [b"a" * 32])

    first = await publish(tx, me.folder)
    again = await publish(tx, me.folder)
    await name(tx, 1, b"a" * 32)
    later = await publish(tx, me.folder)

    assert first is not None
    assert later is not None
    assert (first.size, again, later.size) == (1, None, 2)


async def test_a_folder_has_the_whole_log_and_never_goes_back(
    tx: Transaction, me: Identity
) -> None:
    for end in (100, 256, 300, MOST):
        await wait(tx, *range(end - 44, end))
        await Writer(me).append(tx, [])
        head = await publish(tx, me.folder)
        assert head is not None
        log = entries_between(me.folder, 0, head.size)
        assert head.root == root(list(map(leaf_hash, log)))
        assert log == await log_of(tx)
    note = (me.folder / "checkpoint").read_bytes()
    await tx.execute("delete from log_checkpoint where size > 150")

    assert await publish(tx, me.folder) is None

    assert (me.folder / "checkpoint").read_bytes() == note


FLIP = "update log_tile set content = set_byte(content, 5, 255 - get_byte(content, 5)) where"
RESIGN = "delete from log_checkpoint where size = 300; insert into log_checkpoint"


@pytest.mark.parametrize(
    "change",
    [
        f"{FLIP} (level, number) = (0, 1)",
        f"{FLIP} level = 1",
        "update log_tile set content = substring(content for 35) where (level, number) = (0, 1)",
        "delete from log_tile where (level, number) = (0, 1)",
        f"{RESIGN} select 300, note, 0 from log_checkpoint",
        f"{RESIGN} values (300, '', 0)",
        f"{RESIGN} select 299, note, 0 from log_checkpoint",
    ],
)
async def test_who_may_write_to_the_database_alone_gets_no_other_history_signed(
    tx: Transaction, me: Identity, change: str
) -> None:
    mine = Writer(me)
    await wait(tx, *range(20))
    await mine.append(tx, [])
    await wait(tx, *range(20, 300))
    await mine.append(tx, [])
    assert await mine.may_sign(tx)
    size = (await store.head(tx)).size

    with contextlib.suppress(ZeroDivisionError):
        async with tx.savepoint():
            await tx.execute(change)
            assert not await mine.may_sign(tx)
            assert not await Writer(me).may_sign(tx)
            assert (await store.head(tx)).refused == "database-changed"
            raise ZeroDivisionError

    assert size == 300
    assert await mine.may_sign(tx)
    await wait(tx, 300)
    await mine.append(tx, [])
    assert (await store.head(tx)).size == 301


async def test_a_log_that_went_back_under_a_writer_is_held_against_what_was_published(
    tx: Transaction, me: Identity
) -> None:
    mine = Writer(me)
    await wait(tx, 0, 1)
    await mine.append(tx, [])
    assert await mine.may_sign(tx)
    with contextlib.suppress(ZeroDivisionError):
        async with tx.savepoint():
            await wait(tx, 2, 3)
            await mine.append(tx, [])
            assert await mine.may_sign(tx)
            await publish(tx, me.folder)
            raise ZeroDivisionError
    assert (await store.head(tx)).size == 2
    await wait(tx, 4)

    assert await mine.may_sign(tx)

    assert await log_of(tx) == list(map(transaction, range(4)))


async def test_two_workers_publish_one_after_the_other(database: Database, me: Identity) -> None:
    async with database.begin() as one:
        await publish(one, me.folder)
        async with database.begin() as two:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await publish(two, me.folder)
