"""The way into one service's database, as one role."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg
import orjson

from contracts.proof import Signer
from shared.clock import Clock, SystemClock
from shared.database.transaction import Transaction
from shared.settings import Settings

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    PoolConnection = asyncpg.Connection[asyncpg.Record]

CONNECT_TIMEOUT_S: Final = 5.0
ACQUIRE_TIMEOUT_S: Final = 10.0
VERIFIER_SUFFIX: Final = "_verifier"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a statement may run and a transaction may idle, in milliseconds."""

    statement: int
    idle: int


# `app` answers people: nothing of it may hold the cut-off barrier for long.
PEOPLE: Final = Limits(statement=10_000, idle=5_000)
OTHERS: Final = Limits(statement=120_000, idle=60_000)
# A verifier's own transaction idles while it searches the slice, two statements long: cut off
# earlier, a large slice would never be verified. No subject begins there, so no barrier waits.
VERIFIERS: Final = Limits(statement=120_000, idle=300_000)


def limits(service: str, role: str) -> Limits:
    """Give the limits of one role in one service's database."""
    if service.endswith(VERIFIER_SUFFIX):
        return VERIFIERS
    return PEOPLE if role == "app" else OTHERS


class Database:
    """One service's database seen by one role; hands out transactions.

    `outbox_written`, `mail_written` and `deadline_written` are set after a commit that wrote such
    rows; who waits on them clears them.
    """

    def __init__(
        self, pool: "Pool", settings: Settings, service: str, role: str, signer: Signer | None
    ) -> None:
        self.outbox_written = asyncio.Event()
        self.mail_written = asyncio.Event()
        self.deadline_written = asyncio.Event()
        self.settings = settings
        self.service = service
        self.role = role
        self.clock: Clock = SystemClock()
        self._pool = pool
        self._signer = signer

    @classmethod
    async def connect(
        cls,
        settings: Settings,
        service: str,
        role: str,
        *,
        signer: Signer | None = None,
        size: int = 8,
    ) -> Self:
        """Open a pool of at most `size` connections.

        Raises MissingSecret before `expunge db apply`, OSError or asyncpg's errors if the server
        is away.
        """
        allowed = limits(service, role)
        pool = await asyncpg.create_pool(
            settings.database_url(service, role),
            min_size=1,
            max_size=size,
            timeout=CONNECT_TIMEOUT_S,
            init=_use_json,
            reset=_still_clean,
            server_settings={
                "application_name": f"{service}/{role}",
                "plan_cache_mode": "force_custom_plan",
                # Our statements are short: compiling one, or starting processes for it, costs more.
                "jit": "off",
                "max_parallel_workers_per_gather": "0",
                # A batch asks for few rows of many, and for those that were written last: by index.
                "random_page_cost": "1.1",
                "statement_timeout": str(allowed.statement),
                "idle_in_transaction_session_timeout": str(allowed.idle),
            },
        )
        return cls(pool, settings, service, role, signer)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Open a transaction; it commits at the end of the block, with what it told."""
        async with (
            self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection,
            connection.transaction(),
        ):
            transaction = Transaction(
                connection,
                settings=self.settings,
                service=self.service,
                signer=self._signer,
                now=self.clock.now(),
            )
            yield transaction
            await transaction.flush()
        self._committed(transaction)

    async def look(self, sql: str, *args: object) -> Any:
        """Run one statement that only reads, without a transaction around it; give its first value.

        For tasks that ask again and again whether there is anything to do.
        """
        async with self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S) as connection:
            return await connection.fetchval(sql, *args)

    def _committed(self, transaction: Transaction) -> None:
        if transaction.sealed or transaction.outbox_used:
            self.outbox_written.set()
        if transaction.mails:
            self.mail_written.set()
        if transaction.deadlines:
            self.deadline_written.set()
        for callback in transaction.callbacks:
            callback()

    async def close(self) -> None:
        """Close every connection once its transaction has ended."""
        await self._pool.close()


async def _use_json(connection: "PoolConnection") -> None:
    """Give and take `jsonb` as Python values."""
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda value: orjson.loads(memoryview(value)[1:]),
        schema="pg_catalog",
        format="binary",
    )


async def _still_clean(connection: Any) -> None:
    """Stand in for the reset query: nobody leaves session state (only `set local` is used).

    A transaction that could not end takes its connection with it.
    """
    if connection.is_in_transaction():
        connection.terminate()
