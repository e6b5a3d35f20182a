"""One process that works for one or several services: relay, consumer and whatever else each needs.

Everything of a service is one task group; all of them end together and cleanly on SIGTERM or
SIGINT. What may only run once caught up waits for `worker.ready` itself.
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from contracts.proof import Signer
from contracts.trust import KeyRing
from shared.consumer.consume import consume
from shared.consumer.keyring import Keys
from shared.consumer.lines import Reader
from shared.consumer.ready import Ready
from shared.consumer.release import release_when_asked
from shared.consumer.sharing import Shared
from shared.database import Database, keep_inbox
from shared.outbox.relay import relay
from shared.outbox.wake import Wake
from shared.settings import Settings

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

# Batches make many objects and hardly a cycle: looking for cycles as often as Python does by itself
# costs a tenth of a worker's time.
GC_THRESHOLDS: Final = (50_000, 20, 50)

log = structlog.get_logger()


@dataclass(slots=True)
class Worker:
    """What the tasks of one service share in one process.

    `app` is the pool of the role that mails; `effects` the one that makes effects (`eraser`, or
    `app` where a verifier's database has no other). All of them wake the one relay.
    """

    settings: Settings
    service: str
    app: Database
    effects: Database
    ready: Ready
    keys: Keys
    wake: Wake


Task = Callable[[Worker], Awaitable[None]]
MakeReader = Callable[[Worker], Awaitable[Reader]]


@dataclass(frozen=True, slots=True)
class Work:
    """What one service does in a worker.

    `reader` makes what it hears, when its databases are open. `tasks` run for ever beside relay
    and consumer: mailer, clock, saga retry; each waits for `worker.ready` itself where it must.
    `effects_role` is the database role of the consumer.
    """

    service: str
    signer: Signer
    reader: MakeReader
    tasks: Sequence[Task] = field(default=())
    effects_role: str = "eraser"
    pool_size: int = 8


async def run(settings: Settings, works: Sequence[Work], ring: KeyRing) -> None:
    """Work until SIGTERM or SIGINT; raises what no task can mend by trying again."""
    stop = asyncio.Event()
    shared = Shared() if len(works) > 1 else None
    collect_rarely()
    with _signals(stop):
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_serve(settings, work, ring, shared)) for work in works]
                await stop.wait()
                for task in tasks:
                    task.cancel()
        finally:
            log.info("worker-stopped", services=[work.service for work in works])


async def _serve(settings: Settings, work: Work, ring: KeyRing, shared: Shared | None) -> None:
    """Run everything of one service."""
    async with contextlib.AsyncExitStack() as stack:
        wake = Wake()
        databases: dict[str, Database] = {}
        for role in dict.fromkeys(("app", work.effects_role)):
            database = await Database.connect(
                settings, work.service, role, signer=work.signer, size=work.pool_size
            )
            database.outbox_written = wake.event
            databases[role] = database
            stack.push_async_callback(database.close)
        effects = databases[work.effects_role]
        keys = Keys(settings, ring)
        worker = Worker(
            settings, work.service, databases["app"], effects, Ready(effects), keys, wake
        )
        reader = await work.reader(worker)
        log.info("worker-started", service=work.service)
        async with asyncio.TaskGroup() as group:
            group.create_task(relay(settings, work.service, wake))
            group.create_task(
                consume(effects, settings, reader, worker.ready, keys=keys, shared=shared)
            )
            group.create_task(release_when_asked(effects, reader))
            group.create_task(keep_inbox(effects))
            for task in work.tasks:
                group.create_task(_named(task, worker))


def collect_rarely() -> None:
    """Leave alone what was loaded at start, and look for cycles in what came since more rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _named(task: Task, worker: Worker) -> None:
    await task(worker)


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
