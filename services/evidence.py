"""What the installation's checks of itself found, kept in the ledger's database (R-SEC-01)."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg

from contracts.topics import ERASURE_SERVICE
from services.erasure.store import checks
from services.erasure.store.checks import Check, Last
from shared.commands import opened
from shared.settings import MissingSecret


async def keep(name: str, began_at: datetime, found: Mapping[str, Any], *, passed: bool) -> Check:
    """Note that a check that began at `began_at` has ended now, and what came of it."""
    check = Check(name, began_at, datetime.now(UTC), passed, found)
    async with opened(ERASURE_SERVICE, "eraser") as database, database.begin() as tx:
        await checks.note(tx, check)
    return check


async def latest() -> Mapping[str, Last]:
    """Give how each check went the last time, by name. Raises as a database does."""
    async with opened(ERASURE_SERVICE, "app") as database, database.begin() as tx:
        return await checks.latest(tx)


def known() -> Mapping[str, Last]:
    """Give how each check went the last time; nothing where the ledger cannot be asked."""
    try:
        return asyncio.run(latest())
    except (MissingSecret, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return {}
