"""The newsletter's worker: relay, consumer, saga, mailer and clock in one task group."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from contracts.messages import ConsentWithdrawn
from contracts.topics import CLOSED, CONSENT, ERASURE
from contracts.vocabulary import Role
from services.newsletter import store
from services.newsletter.endings import DEADLINES
from services.newsletter.inventory import INVENTORY
from services.newsletter.mails import Mails
from services.newsletter.reactions import REACTIONS
from services.newsletter.settings import SERVICE, configured
from shared.consumer.consume import consume
from shared.consumer.keyring import Keys
from shared.consumer.lines import Reader
from shared.consumer.ready import Ready
from shared.database import Database
from shared.deadlines import keep_deadlines
from shared.keys import load_ring, signer_for
from shared.mail import Mailer, MailSettings, configured_sender
from shared.outbox.relay import relay
from shared.outbox.wake import Wake
from shared.saga.participant import Participant
from shared.settings import Settings

# Clicks in the web process end subscriptions by a deadline that is due at once.
LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True)
class WorkerParts:
    """What the worker of this service is made of; `work` runs all of it."""

    reader: Reader
    ready: Ready
    participant: Participant
    mailer: Mailer
    eraser: Database
    app: Database


@asynccontextmanager
async def worker_parts(settings: Settings) -> AsyncIterator[WorkerParts]:
    """Open both databases and put the parts together; closing waits for open transactions."""
    signer = signer_for(settings, SERVICE, Role.SERVICE)
    eraser = await Database.connect(settings, SERVICE, "eraser", signer=signer)
    try:
        app = await Database.connect(settings, SERVICE, "app", signer=signer)
        try:
            yield _parts(settings, eraser, app)
        finally:
            await app.close()
    finally:
        await eraser.close()


def _parts(settings: Settings, eraser: Database, app: Database) -> WorkerParts:
    ready = Ready(eraser)
    participant = Participant(eraser, INVENTORY, store.find_subjects, ready)
    reader = Reader(
        service=SERVICE,
        topics=(ERASURE.name, CLOSED.name, CONSENT.name),
        reactions=REACTIONS,
        before=participant.before,
        replayable=frozenset({ConsentWithdrawn}),
    )
    post = Mails(settings.public_url, configured()).post(configured_sender())
    mailer = Mailer(app, post, ready=ready, lease=MailSettings.load().lease)
    return WorkerParts(reader, ready, participant, mailer, eraser, app)


async def work(settings: Settings) -> None:
    """Run until cancelled. Raises what no retry mends, so that the supervisor starts it anew."""
    wake = Wake()
    keys = Keys(settings, load_ring(settings))
    async with worker_parts(settings) as parts, asyncio.TaskGroup() as group:
        parts.eraser.outbox_written = parts.app.outbox_written = wake.event
        group.create_task(relay(settings, SERVICE, wake))
        group.create_task(consume(parts.eraser, settings, parts.reader, parts.ready, keys=keys))
        group.create_task(parts.participant.retry())
        group.create_task(parts.mailer.run())
        group.create_task(_clock(parts))


async def _clock(parts: WorkerParts) -> None:
    # Nothing falls due before the topics were read: a restored backup first forgets again.
    await parts.ready.wait()
    await keep_deadlines(parts.eraser, DEADLINES, look_again=LOOK_AGAIN)
