"""Whoever answers people is cut off soon; whoever searches a large slice is not."""

import pytest

from shared.database import Database, apply, apply_verifier
from shared.database.pool import OTHERS, PEOPLE
from shared.settings import Settings


async def idle_ms(settings: Settings, service: str, role: str) -> int:
    database = await Database.connect(settings, service, role, size=1)
    try:
        async with database.begin() as tx:
            return int(
                await tx.fetchval(
                    "select setting from pg_settings"
                    " where name = 'idle_in_transaction_session_timeout'"
                )
            )
    finally:
        await database.close()


@pytest.mark.parametrize("service", ["house", "house_verifier"])
async def test_a_transaction_idles_no_longer_than_its_work_needs(
    settings: Settings, service: str
) -> None:
    """A verifier's transaction idles while the slice is searched: two statements of its role."""
    await apply(settings, "house", None)
    await apply_verifier(settings, "house")
    allowed = await idle_ms(settings, service, "app")
    if service == "house":
        assert allowed == PEOPLE.idle
    else:
        assert allowed > 2 * OTHERS.statement
