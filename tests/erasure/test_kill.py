"""The worker is killed around the certificate; started again, there is exactly one."""

import signal
from collections import Counter

import pytest

from contracts.verify_bundle import verify
from services.erasure.bundles import bundles
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
    assert [verify(one.to_json())["problem"] for one in made.values()] == ["", "", ""]
