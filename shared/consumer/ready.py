"""Ready means caught up: what may only run once the topics are consumed to the end seen at start.

Each partition has a lease in the service's database. Its owner renews it, once it has caught up,
by compare-and-swap with the value it last wrote. A database that was restored from a backup holds
an older value: neither its timeline nor its system identifier would tell, but the counter does.
The service is ready while every partition's lease runs. Losing the broker ends no lease.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from shared.database import Database, Transaction, is_transient

LEASE: Final = timedelta(seconds=5)
RENEW_SECONDS: Final = 1.0
PREFIX: Final = "ready/"
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger()
Place = tuple[str, int]  # bare topic, partition
Callback = Callable[[], Awaitable[None]]


class Ready:
    """The gate of one service in one worker process.

    `wait()` returns as soon as every partition is consumed to the end seen at start, here and in
    the service's other workers. `reason` is a word for `/readyz`, None when ready. Callbacks of
    `on_caught_up` run before the gate opens, of `on_restored` after a restored database closed it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.reason: str | None = "starting"
        self.on_caught_up: list[Callback] = []
        self.on_restored: list[Callback] = []
        self.restored = False
        self.settled = False  # the group has spoken, and every partition it gave us is taken
        self._open = asyncio.Event()
        self._leases: dict[Place, int] = {}
        self._caught_up: set[Place] = set()
        self._renewed_at = 0.0
        self._lock = asyncio.Lock()

    @property
    def catching_up(self) -> bool:
        """Whether the gate is closed."""
        return not self._open.is_set()

    async def wait(self) -> None:
        """Return when the gate is open; again and again cheap."""
        await self._open.wait()

    async def expect(self, places: Sequence[Place]) -> None:
        """Make a lease that has ended for each partition that has none, forget all others."""
        names = [_name(place) for place in places]
        async with self.database.begin() as tx:
            await tx.execute(
                """
                insert into lease (name, value, until)
                select name, 0, $2
                  from unnest($1::text[]) as expected (name)
                    on conflict (name) do nothing
                """,
                names,
                NEVER,
            )
            await tx.execute(
                "delete from lease where starts_with(name, $2) and name <> all($1::text[])",
                names,
                PREFIX,
            )

    async def take(self, place: Place) -> None:
        """Own a partition's lease from now on; it is not renewed before `caught_up`.

        A process that is not ready itself ends it: what an earlier one vouched for is not known
        to be true of the database of today. A mere change of owners does not close the gate.
        """
        until = NEVER if self.catching_up else None
        async with self._lock, self.database.begin() as tx:
            self._caught_up.discard(place)
            self._leases[place] = await tx.fetchval(
                """
                insert into lease (name, value, until)
                values ($1, 1, $2)
                    on conflict (name) do update
                   set value = lease.value + 1, until = coalesce($3, lease.until)
                returning value
                """,
                _name(place),
                NEVER,
                until,
            )

    def drop(self, place: Place) -> None:
        """Own a partition's lease no longer; it runs on until it ends or somebody takes it."""
        self._leases.pop(place, None)
        self._caught_up.discard(place)

    def caught_up(self, place: Place) -> None:
        """Say that a partition is consumed to the end seen when it was taken."""
        if place not in self._caught_up:
            self._caught_up.add(place)
            self._renewed_at = 0.0

    async def keep(self) -> None:
        """Renew leases and open or close the gate, at most once a second; to be called often.

        Connection errors are passed over: the leases end by themselves if they last.
        """
        if time.monotonic() - self._renewed_at < RENEW_SECONDS:
            return
        self._renewed_at = time.monotonic()
        try:
            async with self._lock:
                await self._keep()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("lease-not-renewed", error=error)

    async def _keep(self) -> None:
        async with self.database.begin() as tx:
            until = tx.now + LEASE
            mine = {place: self._leases[place] for place in self._caught_up}
            held = await _renew(tx, mine, until)
            found = await _values(tx)
            all_run = bool(found) and await ready_until(tx) > tx.now
        lost = [place for place in self._leases if place not in held and place in mine]
        older = [place for place in lost if found.get(_name(place), -1) < mine[place]]
        for place in held:
            self._leases[place] = mine[place] + 1
        if older:
            await self._close_after_restore()
        elif lost:
            for place in lost:
                self.drop(place)
        elif all_run and self.catching_up and self.settled and not self.restored:
            await self._let_in()
        elif not all_run and not self.catching_up:
            self._open.clear()
            self.reason = "catching-up"

    async def _let_in(self) -> None:
        for callback in self.on_caught_up:
            await callback()
        self.reason = None
        self._open.set()
        log.info("ready", service=self.database.service)

    async def _close_after_restore(self) -> None:
        """Close the gate; the consumer starts again from the stored positions."""
        log.critical("database-restored", service=self.database.service)
        self._open.clear()
        self.reason = "database-restored"
        self.restored = True
        self.settled = False
        self._leases.clear()
        self._caught_up.clear()
        await self._end_all()
        for callback in self.on_restored:
            await callback()

    async def _end_all(self) -> None:
        """End every lease of the service, so that the web closes too."""
        async with self.database.begin() as tx:
            await tx.execute(
                "update lease set until = $2 where starts_with(name, $1)", PREFIX, NEVER
            )


def _name(place: Place) -> str:
    return f"{PREFIX}{place[0]}/{place[1]}"


async def _renew(tx: Transaction, mine: Mapping[Place, int], until: datetime) -> list[Place]:
    """Add one to each lease that still has the value written last; return those renewed."""
    rows = await tx.fetch(
        """
        update lease l
           set value = l.value + 1, until = $3
          from unnest($1::text[], $2::bigint[]) as mine (name, value)
         where l.name = mine.name
           and l.value = mine.value
        returning l.name
        """,
        [_name(place) for place in mine],
        list(mine.values()),
        until,
    )
    names = {row["name"] for row in rows}
    return [place for place in mine if _name(place) in names]


async def _values(tx: Transaction) -> dict[str, int]:
    rows = await tx.fetch("select name, value from lease where starts_with(name, $1)", PREFIX)
    return {row["name"]: row["value"] for row in rows}


async def ready_until(tx: Transaction) -> datetime:
    """Until when the service's workers vouch that everything is caught up (UTC).

    A time in the past means not ready; for web and mailer, inside the transaction that relies
    on it.
    """
    until: datetime | None = await tx.fetchval(
        "select min(until) from lease where starts_with(name, $1)", PREFIX
    )
    return until or NEVER
