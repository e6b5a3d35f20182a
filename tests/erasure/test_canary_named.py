"""The canary's last day stands in certificates, and a restored ledger finds it out again."""

from datetime import UTC, datetime, timedelta
from functools import partial

from contracts.verify_bundle import verify
from services.erasure.bundles import bundles
from services.erasure.store import checks
from services.erasure.store.checks import CANARY, CANARY_DAYS, Check
from tests.kernel import eventually
from tests.ledger import Ledger, Saga


async def passed(on: Ledger, ago: timedelta, *, well: bool = True) -> datetime:
    at = datetime.now(UTC) - ago
    async with on.database.begin() as tx:
        await checks.note(tx, Check(CANARY, at, at, well, {}))
    return at


async def named(on: Ledger, saga: Saga) -> str | None:
    """Certify a saga and say which day of the canary its certificate names."""
    async with on.working():
        await on.certified(saga)
    async with on.database.begin() as tx:
        found = await bundles(tx, [saga.id], on.settings.trust.read_bytes())
    report = verify(found[saga.id].to_json())
    assert report["problem"] == ""
    day: str | None = report["certificate"]["parameters"].get("CANARY_PASSED_ON")
    return day


async def test_the_canarys_last_day_stands_in_a_certificate_and_is_found_out_again(
    on: Ledger,
) -> None:
    none = await named(on, await on.whole_saga())
    await passed(on, timedelta(days=CANARY_DAYS + 1))
    await passed(on, timedelta(0), well=False)
    long_ago = await named(on, await on.whole_saga())
    at = await passed(on, timedelta(days=2))
    saga = await on.whole_saga()
    now = await named(on, saga)
    before = await on.certificate(saga.id)

    async with on.database.begin() as tx:
        await tx.execute("delete from self_check")
        await tx.execute("update certificate set envelope = null where request_id = $1", saga.id)
    async with on.working():
        after = await eventually(partial(on.certificate, saga.id))

    assert (none, long_ago, now) == (None, None, at.date().isoformat())
    assert after == before
