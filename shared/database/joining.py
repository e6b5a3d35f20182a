"""Effects of several callers in one transaction: one commit, one signature, few round trips.

Only for effects that begin something new and read nothing of anybody: what one of them sets for its
transaction would hold for the others. Two writers take what waits; while one commits, the other
fills. If anything of a batch fails, all of it is undone, and each runs in a transaction of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from shared.database.failures import is_transient
from shared.database.pool import Database
from shared.database.transaction import Transaction

WRITERS: Final = 2
AT_ONCE: Final = 100

T = TypeVar("T")
Effect = Callable[[Transaction], Awaitable[Any]]
Work = tuple[Effect, Effect, "asyncio.Future[Any]"]


class Joining:
    """Joins the effects of one process into transactions of one database."""

    def __init__(self, database: Database) -> None:
        """Take the database; the writers begin with the first effect."""
        self._database = database
        self._waiting: asyncio.Queue[Work | None] = asyncio.Queue()
        self._writers: list[asyncio.Task[None]] = []

    async def run(
        self,
        together: Callable[[Transaction], Awaitable[T]],
        alone: Callable[[Transaction], Awaitable[T]],
    ) -> T:
        """Run `together` beside others that wait, or else `alone`; returns after the commit.

        Only one of both commits. Raises what `alone` raised, or the database.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((together, alone, done))
        if len(self._writers) < WRITERS:
            self._writers.append(asyncio.create_task(self._write()))
        return await done

    async def close(self) -> None:
        """End the writers; what waits is done first."""
        for _ in self._writers:
            self._waiting.put_nowait(None)
        await asyncio.gather(*self._writers)
        self._writers.clear()

    async def _write(self) -> None:
        while (work := await self._waiting.get()) is not None:
            some = [work]
            while len(some) < AT_ONCE and not self._waiting.empty():
                work = self._waiting.get_nowait()
                if work is None:
                    break
                some.append(work)
            await self._commit(some)
            if work is None:
                return

    async def _commit(self, some: Sequence[Work]) -> None:
        """Do all of it in one transaction, or each alone."""
        try:
            async with self._database.begin() as tx:
                answers = [await together(tx) for together, _, _ in some]
        except Exception as error:  # noqa: BLE001 - each finds its own again
            for _, alone, done in some:
                if is_transient(error):  # nobody waits for a database that is away one by one
                    _settle(done, error=error)
                else:
                    await self._commit_alone(alone, done)
            return
        for (_, _, done), answer in zip(some, answers, strict=True):
            _settle(done, answer)

    async def _commit_alone(self, alone: Effect, done: "asyncio.Future[Any]") -> None:
        try:
            async with self._database.begin() as tx:
                answer = await alone(tx)
        except Exception as error:  # noqa: BLE001 - given to who waits for it
            _settle(done, error=error)
        else:
            _settle(done, answer)


def _settle(
    done: "asyncio.Future[Any]", answer: object = None, *, error: Exception | None = None
) -> None:
    """Answer who waits; a client that left takes nothing."""
    if done.done():
        return
    if error is None:
        done.set_result(answer)
    else:
        done.set_exception(error)
