"""What the installation's checks of itself found (R-SEC-01), and what witnesses saw of its log."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg

from contracts.tlog.notes import VerifierKey
from contracts.topics import ERASURE_SERVICE
from services.erasure.log import cosignatures
from services.erasure.log.cosignatures import Seen
from services.erasure.settings import ErasureSettings
from services.erasure.store import checks
from services.erasure.store.checks import Check, Last
from shared.commands import opened
from shared.settings import MissingSecret

T = TypeVar("T")


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
    return _asked(latest()) or {}


def witnessed() -> Mapping[str, Seen]:
    """Give how much of the log each configured witness signed, by its name; nothing likewise."""
    keys = [one.key for one in ErasureSettings.load().witnessed_by]
    seen = (_asked(_seen(keys)) if keys else None) or {}
    return {key.name: one for key, one in seen.items()}


async def _seen(keys: Iterable[VerifierKey]) -> Mapping[VerifierKey, Seen]:
    async with opened(ERASURE_SERVICE, "app") as database, database.begin() as tx:
        return await cosignatures.latest(tx, keys)


def _asked(question: Coroutine[Any, Any, T]) -> T | None:
    try:
        return asyncio.run(question)
    except (MissingSecret, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
