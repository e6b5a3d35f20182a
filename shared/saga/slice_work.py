"""What every service with a slice does beside the web, put together once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from contracts.messages import (
    ConsentWithdrawn,
    HoldEnded,
    Message,
    ProcessorAnswered,
    SliceErased,
    SliceReerased,
    SliceVerified,
    SubjectsClosed,
)
from contracts.topics import CLOSED, CONSENT, ERASURE
from contracts.vocabulary import Role
from shared.consumer.lines import Reactions, Reader
from shared.database import is_transient
from shared.deadlines import Actions, keep_deadlines
from shared.inventory import Inventory
from shared.keys import signer_for
from shared.logs import log
from shared.mail import Mailer, MailSettings, Post
from shared.saga.claims import Find
from shared.saga.ending_holds import end_held
from shared.saga.participant import Participant
from shared.settings import Settings
from shared.worker import Task, Work, Worker

# Clicks in the web process end things by a deadline that is due at once.
LOOK_AGAIN: Final = timedelta(seconds=1)
HOLDS_AGAIN: Final = timedelta(seconds=10)
HOLDS_AT_ONCE: Final = 500
TOPICS: Final = (ERASURE.name, CLOSED.name, CONSENT.name)
REPLAYABLE: Final[frozenset[type[Message]]] = frozenset(
    {ConsentWithdrawn, HoldEnded, ProcessorAnswered}
)
# What a slice hears of itself and its own verifier, unless it is more than a slice.
OWN: Final[frozenset[type[Message]]] = frozenset(
    {
        ConsentWithdrawn,
        HoldEnded,
        ProcessorAnswered,
        SliceErased,
        SliceReerased,
        SliceVerified,
        SubjectsClosed,
    }
)


def slice_work(
    settings: Settings,
    inventory: Inventory,
    find: Find,
    reactions: Reactions,
    *,
    post: Post | None,
    actions: Actions,
    own: frozenset[type[Message]],
    tasks: Sequence[Task] = (),
) -> Work:
    """Describe a slice's worker: consumer with claim check, saga retry, mailer, clock.

    `find` says which subjects an address means, `reactions` is all the service hears, `post` what
    its mails are made of (None: it sends none), `actions` what falls due, `own` the types of
    which it hears its own only; `tasks` run besides, and wait for the gate themselves where they
    must.
    Raises MissingSecret without the service's key.
    """
    service = inventory.service
    made: dict[str, Participant] = {}

    async def reader(worker: Worker) -> Reader:
        participant = Participant(worker.effects, inventory, find, worker.ready)
        made[service] = participant
        before = participant.before
        topics = (*TOPICS, *sorted({type_.topic.name for type_ in reactions} - set(TOPICS)))
        return Reader(service, topics, reactions, before, replayable=REPLAYABLE, own=own)

    async def retry(_: Worker) -> None:
        await made[service].retry()

    async def keep_time(worker: Worker) -> None:
        ready = worker.ready
        await keep_deadlines(worker.effects, actions, ready=ready, look_again=LOOK_AGAIN)

    signer = signer_for(settings, service, Role.SERVICE)
    every = (retry, keep_time, partial(_send_mails, post=post), partial(_end_holds, of=inventory))
    return Work(service, signer, reader, tasks=(*every, *tasks))


async def _send_mails(worker: Worker, post: Post | None) -> None:
    if post is not None:
        lease = MailSettings.load().lease
        await Mailer(worker.app, post, ready=worker.ready, lease=lease).run()


async def _end_holds(worker: Worker, of: Inventory) -> None:
    """Delete held rows whose day has come, each batch with a receipt, until cancelled."""
    while of.holds:
        await worker.ready.wait()
        try:
            async with worker.effects.begin() as tx:
                ended = await end_held(tx, of, HOLDS_AT_ONCE)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("holds-wait", service=worker.service, error=error)
            ended = 0
        if ended < HOLDS_AT_ONCE:
            await asyncio.sleep(HOLDS_AGAIN.total_seconds())
