"""The ledger's part of a worker process: what it hears, the certifier, the clock."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from contracts.topics import ERASURE_SERVICE
from contracts.vocabulary import Role
from services.erasure.certifier import Certifier
from services.erasure.clock import Clock
from services.erasure.log.files import AnotherLog, publish
from services.erasure.log.identity import folder_of, identity
from services.erasure.log.witnesses import Asker
from services.erasure.log.writer import Writer
from services.erasure.reactions import Ledger
from services.erasure.settings import (
    CERTIFY_POLL,
    CLOCK_POLL,
    PUBLISH_EVERY,
    REPAIR_EVERY,
    WITNESS_EVERY,
    ErasureSettings,
    Witness,
)
from services.erasure.statement import Stated
from services.erasure.steps import Step, keep_doing
from shared.consumer.lines import Reader
from shared.keys import signer_for
from shared.logs import log
from shared.parameters import parameters
from shared.settings import Settings
from shared.web.configuration import WebSettings
from shared.worker import Work, Worker


def work(settings: Settings) -> Work:
    """Describe what the ledger does in a worker. Raises MissingSecret without its key."""
    own = ErasureSettings.load()
    signer = signer_for(settings, ERASURE_SERVICE, Role.SERVICE)
    stated = Stated(_controller(), parameters())
    writer = Writer(identity(settings, own))
    due = asyncio.Event()  # set by reactions, waited for by the certifier

    async def reader(_: Worker) -> Reader:
        return Ledger(own, due).reader()

    async def certify(worker: Worker) -> None:
        certifier = Certifier(worker.effects, signer, stated, writer)
        await _keep("certifier", certifier.step, due, CERTIFY_POLL, worker)

    async def repair(worker: Worker) -> None:
        certifier = Certifier(worker.effects, signer, stated, writer)
        await _keep("repair", certifier.repair, asyncio.Event(), REPAIR_EVERY, worker)

    async def clock(worker: Worker) -> None:
        step = Clock(worker.effects, own).step
        await _keep("clock", step, asyncio.Event(), CLOCK_POLL, worker)

    async def publish_log(worker: Worker) -> None:
        async def step() -> bool:
            try:
                async with worker.effects.begin() as tx:
                    await publish(tx, folder_of(settings, own))
            except (AnotherLog, OSError) as error:
                log.critical("log-not-published", service=ERASURE_SERVICE, error=error)
            return False

        await _keep("log", step, asyncio.Event(), PUBLISH_EVERY, worker)

    tasks = (certify, repair, clock, publish_log)
    witnesses = [partial(_ask, one) for one in own.witnessed_by]
    return Work(ERASURE_SERVICE, signer, reader, tasks=(*tasks, *witnesses))


async def _ask(witness: Witness, worker: Worker) -> None:
    step = Asker(worker.effects, witness).step
    await _keep(f"witness-{witness.key.name}", step, asyncio.Event(), WITNESS_EVERY, worker)


def _controller() -> Mapping[str, str]:
    """Name the controller and its officer as the operator configured them (Art. 13(1)(a), (b))."""
    who = WebSettings.load().read_controller()
    return {"name": who.name, "street": who.street, "city": who.city, "officer": who.officer}


async def _keep(
    name: str, step: Step, wake: asyncio.Event, poll: timedelta, worker: Worker
) -> None:
    """Do nothing before everything is caught up: a restored database must learn first."""

    async def when_ready() -> bool:
        await worker.ready.wait()
        return await step()

    await keep_doing(name, when_ready, wake, poll)
