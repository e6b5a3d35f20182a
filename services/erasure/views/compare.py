"""Live consents as the views count them, beside what their owners count (nightly; R-7-01).

Two owners: the ledger's evidence has every consent by id, each slice has those that stand in its
own database, asked over the internal listener. What differs for longer than a message can be on
its way is drift: a view that lies, a withdrawal that was lost, a slice that forgot to say so.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx2

from contracts.purposes import PURPOSES
from contracts.topics import ERASURE_SERVICE
from services.erasure.store import register
from shared.database import Database
from shared.logs import log
from shared.saga.credentials import bearer, own_credential
from shared.settings import Settings
from shared.slice.counting import PATH

TIMEOUT_S: Final = 5.0
TRIES: Final = 5
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Drift:
    """One purpose whose counts differ; `slice` is None where its owner did not answer."""

    purpose: str
    views: int
    evidence: int
    slice: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found, and which slices did not answer."""

    drift: tuple[Drift, ...]
    away: tuple[str, ...]


class Owners:
    """Asks the ledger's database and the slices."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False)

    async def evidence(self) -> Counts:
        """Count consents that were given and not taken back, by purpose."""
        async with self._database.begin() as tx:
            rows = await tx.fetch(
                """
                select purpose, count(*)
                  from consent_evidence
                 where granted_at is not null
                   and withdrawn_at is null
                 group by purpose
                """
            )
        return {row["purpose"]: row["count"] for row in rows}

    async def slices(self) -> Mapping[str, Counts | None]:
        """Ask every slice of the register; None for one that does not answer."""
        async with self._database.begin() as tx:
            services = sorted((await register.latest(tx)).participants)
        return dict(zip(services, await asyncio.gather(*map(self._ask, services)), strict=True))

    async def _ask(self, service: str) -> Counts | None:
        base = self._settings.internal_url.replace("{service}", service)
        try:
            response = await self._client.get(
                base + PATH.replace("{service}", service),
                headers=bearer(own_credential(self._settings, ERASURE_SERVICE)),
            )
            response.raise_for_status()
            return {str(purpose): int(count) for purpose, count in response.json().items()}
        except (httpx2.HTTPError, OSError, ValueError, AttributeError) as error:
            log.warning("slice-does-not-count", service=service, error=error)
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def compare(views: Counts, evidence: Counts, slices: Mapping[str, Counts | None]) -> Compared:
    """Compare by purpose; a slice that did not answer is away, not wrong."""
    away = tuple(sorted(name for name, counts in slices.items() if counts is None))
    standing: Counter[str] = Counter()
    for counts in slices.values():
        standing.update(counts or {})
    drift = []
    for purpose in sorted({*views, *evidence, *standing}):
        owner = PURPOSES[purpose].owner if purpose in PURPOSES else ""
        known = None if slices.get(owner) is None else standing[purpose]
        found = Drift(purpose, views.get(purpose, 0), evidence.get(purpose, 0), known)
        if found.views != found.evidence or found.slice not in {None, found.views}:
            drift.append(found)
    return Compared(tuple(drift), away)


async def settle(look: Callable[[], Awaitable[Compared]], within: timedelta) -> Compared:
    """Look until nothing differs, TRIES times in all, evenly over `within`."""
    for _ in range(TRIES - 1):
        found = await look()
        if not found.drift:
            return found
        await asyncio.sleep(within.total_seconds() / (TRIES - 1))
    return await look()


def alarm(drift: Sequence[Drift]) -> None:
    """Say each drift where an operator sees it."""
    for one in drift:
        log.critical("views-drift", service=ERASURE_SERVICE, name=one.purpose, count=one.views)
