"""The part of rights in a worker process: a slice's worker, and the end of aliases."""

from services.rights import store
from services.rights.endings import DEADLINES
from services.rights.inventory import INVENTORY
from services.rights.mails import Mails
from services.rights.reactions import REACTIONS
from services.rights.settings import configured
from shared.mail import configured_sender
from shared.saga.origin import keep_ending
from shared.saga.slice_work import slice_work
from shared.settings import Settings
from shared.web.configuration import WebSettings
from shared.worker import Work, Worker


def work(settings: Settings) -> Work:
    """Describe what rights does beside the web. Raises MissingSecret without its key."""
    mails = Mails(settings, configured(), WebSettings.load().read_controller())
    return slice_work(
        settings,
        INVENTORY,
        store.find_subjects,
        REACTIONS,
        post=mails.post(configured_sender()),
        actions=DEADLINES,
        tasks=(_end,),
    )


async def _end(worker: Worker) -> None:
    await keep_ending(worker.effects, worker.ready)
