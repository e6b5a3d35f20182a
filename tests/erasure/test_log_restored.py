"""A database that a backup brought back goes on with the log that it had, or signs nothing."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.merkle import leaf_hash, root
from contracts.messages import ErasureCertified
from contracts.tlog.checkpoint import Checkpoint
from contracts.vocabulary import CertificateOutcome, Role
from services.erasure import certifier
from services.erasure.log import store, writer
from services.erasure.log.files import publish, published
from services.erasure.log.store import Head
from services.erasure.log.writer import APPEND_BATCH
from shared.settings import Settings
from tests.erasure.test_log import entries, settled
from tests.kernel import eventually
from tests.ledger import Ledger, Saga, ledger
from tests.whole import dumps

pytestmark = pytest.mark.timeout(180)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def on(settings: Settings) -> AsyncIterator[Ledger]:
    """Begin with a log of its own: what is here restores its database."""
    async with ledger(settings) as opened:
        yield opened


async def head_of(on: Ledger) -> Head:
    async with on.database.begin() as tx:
        return await store.head(tx)


async def publish_all(on: Ledger) -> Checkpoint:
    """Bring the files up to the newest public head, as the worker does every few seconds."""
    folder = on.settings.state / "log"
    async with on.database.begin() as tx:
        await publish(tx, folder)
    head = published(folder, [on.signer("erasure", Role.LOG).public])
    assert head is not None
    return head


async def work_one(on: Ledger) -> Saga:
    """Certify one request, and let everything that was said come into the log."""
    saga = await on.whole_saga()
    async with on.working():
        await on.certified(saga)
        await on.told_of(saga)
        await settled(on)
        await publish_all(on)
    return saga


@pytest.mark.parametrize(
    ("files", "step"),
    [(True, APPEND_BATCH), (False, APPEND_BATCH), (False, 1)],
    ids=["with its files", "from the topic alone", "in small steps"],
)
async def test_a_restored_log_has_one_history(
    on: Ledger,
    tmp_path: Path,
    files: bool,  # noqa: FBT001
    step: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await work_one(on)
    before = await head_of(on)
    backup = await dumps.dump(on.settings, "erasure", tmp_path)
    for _ in range(2):
        await work_one(on)
    log, shown = await entries(on), await publish_all(on)
    if not files:
        shutil.rmtree(on.settings.state / "log")

    await dumps.restore(on.settings, "erasure", backup)
    restored = await head_of(on)
    for module in (certifier, writer):
        monkeypatch.setattr(module, "APPEND_BATCH", step)
    await work_one(on)
    now, head = await entries(on), await head_of(on)

    assert (restored.size, before.size < len(log) < len(now)) == (before.size, True)
    assert now[: len(log)] == log
    assert root([leaf_hash(one) for one in now[: shown.size]]) == shown.root
    assert Checkpoint.read(head.note).root == root(list(map(leaf_hash, now)))
    assert len(set(now)) == len(now), "nothing is logged twice"


async def test_a_backup_that_is_restored_under_a_running_worker_learns_first(
    on: Ledger, tmp_path: Path
) -> None:
    await work_one(on)
    backup = await dumps.dump(on.settings, "erasure", tmp_path)
    await work_one(on)
    log = await entries(on)

    async with on.working():
        await on.caught_up()
        await dumps.restore(on.settings, "erasure", backup)
        saga = await on.whole_saga()
        await on.certified(saga)
        now = await settled(on)

    assert now[: len(log)] == log
    assert len(set(now)) == len(now)


async def refused(on: Ledger) -> str | None:
    """Let a worker try until it says why it does not sign; gives the reason."""
    saga = await on.whole_saga()
    async with on.working():
        await on.caught_up()
        reason: str = await eventually(lambda: on.value("select refused from log_told"))
        assert await on.certificate(saga.id) is None, "no certificate without the log"
    return reason


@pytest.mark.parametrize("by", [Role.LOG, Role.SERVICE], ids=["our key", "another key"])
async def test_what_was_published_and_is_not_here_stops_the_log(on: Ledger, by: Role) -> None:
    await work_one(on)
    head, shown = await head_of(on), await publish_all(on)
    file = on.settings.state / "log" / "checkpoint"
    kept = file.read_bytes()
    another = Checkpoint(shown.origin, shown.size, leaf_hash(b"another"))
    file.write_bytes(another.sign(on.signer("erasure", by)))

    reason = await refused(on)
    after = await head_of(on)
    file.write_bytes(kept)
    await work_one(on)

    assert reason == ("second-history" if by is Role.LOG else "published-head-unsigned")
    assert after.size == head.size, "nothing was signed"
    assert (await head_of(on)).refused is None, "and with the true files it goes on"


async def test_a_longer_history_that_nobody_has_stops_the_log(on: Ledger) -> None:
    await work_one(on)
    shown = await publish_all(on)
    file = on.settings.state / "log" / "checkpoint"
    kept = file.read_bytes()
    longer = Checkpoint(shown.origin, shown.size + 1_000, leaf_hash(b"another"))
    file.write_bytes(longer.sign(on.signer("erasure", Role.LOG)))

    reason = await refused(on)
    file.write_bytes(kept)

    assert reason == "history-missing"


async def test_a_second_writer_stops_the_log_for_good(on: Ledger) -> None:
    saga = await work_one(on)
    others = ErasureCertified(
        request_id=saga.id,
        certificate_sha256="0" * 64,
        outcome=CertificateOutcome.COMPLETE,
        log_index=0,
        certified_at=saga.requested.cutoff,
    )
    await on.say(on.signer("erasure"), others)

    assert await refused(on) == "second-writer"
    assert await refused(on) == "second-writer"
