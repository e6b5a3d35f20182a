"""The worker is killed around the certificate; started again, there is exactly one."""

import signal
from collections import Counter

import pytest

from contracts.merkle import leaf_hash, root
from contracts.tlog.entries import of_certificate
from contracts.verify_bundle import verify
from services.erasure.bundles import bundles
from services.erasure.log.files import entries_between
from tests.erasure.test_log import entries, settled
from tests.erasure.test_log_restored import publish_all
from tests.kernel import eventually
from tests.ledger import Ledger
from tests.processes import ended


@pytest.mark.kill
@pytest.mark.parametrize("point", ["certifier:before-commit", "certifier:after-commit"])
async def test_a_killed_certifier_leaves_exactly_one_certificate(
    on: Ledger, environment: dict[str, str], point: str
) -> None:
    sagas = [await on.whole_saga() for _ in range(3)]

    killed = on.start_worker(environment, crash_at=point)
    assert await ended(killed) == -signal.SIGKILL
    stored = await on.value(
        "select count(*) from certificate where request_id = any($1)", [saga.id for saga in sagas]
    )
    started = on.start_worker(environment)
    try:
        await on.certified(*sagas)
        told = await eventually(lambda: on.told(sagas))
    finally:
        started.terminate()
        await ended(started)

    assert stored == (0 if point == "certifier:before-commit" else len(sagas))
    assert told == Counter({saga.id: 1 for saga in sagas})
    async with on.database.begin() as tx:
        made = await bundles(tx, [saga.id for saga in sagas], on.settings.trust.read_bytes())
        names = await tx.fetch(
            "select log_index, sha256 from certificate where request_id = any($1)", list(made)
        )
    assert [verify(one.to_json())["problem"] for one in made.values()] == ["", "", ""]
    log = await entries(on)
    assert {log[row["log_index"]] for row in names} == {of_certificate(r["sha256"]) for r in names}
    assert len(set(log)) == len(log), "nothing is logged twice"


@pytest.mark.kill
async def test_killed_before_the_head_is_published_the_files_are_whole_afterwards(
    on: Ledger, environment: dict[str, str]
) -> None:
    await on.whole_saga()
    killed = on.start_worker(environment, crash_at="log:before-checkpoint")
    assert await ended(killed) == -signal.SIGKILL

    saga = await on.whole_saga()
    async with on.working():
        await on.certified(saga)
        await on.told_of(saga)
        log = await settled(on)
        head = await publish_all(on)

    assert entries_between(on.settings.state / "log", 0, head.size) == log[: head.size]
    assert head.root == root(list(map(leaf_hash, log[: head.size])))
    assert head.size == len(log)
