"""The worker of rights: saga, mailer, clock and the end of aliases beside relay and consumer."""

from datetime import timedelta

from contracts.topics import CLOSED, ERASURE
from contracts.vocabulary import Role
from services.rights import store
from services.rights.endings import DEADLINES
from services.rights.inventory import INVENTORY
from services.rights.mails import Mails
from services.rights.reactions import REACTIONS
from services.rights.settings import SERVICE, configured
from shared.consumer.lines import Reader
from shared.deadlines import keep_deadlines
from shared.keys import signer_for
from shared.mail import Mailer, MailSettings, configured_sender
from shared.saga.origin import keep_ending
from shared.saga.participant import Participant
from shared.settings import Settings
from shared.web.configuration import WebSettings
from shared.worker import Work, Worker

LOOK_AGAIN = timedelta(seconds=5)  # the web process sets deadlines too


def work(settings: Settings) -> Work:
    """Describe what rights does in a worker. Raises MissingSecret without its key."""
    made: list[Participant] = []

    async def reader(worker: Worker) -> Reader:
        participant = Participant(worker.effects, INVENTORY, store.find_subjects, worker.ready)
        made.append(participant)
        return Reader(
            service=SERVICE,
            topics=(ERASURE.name, CLOSED.name),
            reactions=REACTIONS,
            before=participant.before,
        )

    async def retry(_: Worker) -> None:
        await made[-1].retry()

    signer = signer_for(settings, SERVICE, Role.SERVICE)
    return Work(SERVICE, signer, reader, tasks=(retry, _mail, _clock, _end))


async def _mail(worker: Worker) -> None:
    controller = WebSettings.load().read_controller()
    post = Mails(worker.settings, configured(), controller).post(configured_sender())
    lease = MailSettings.load().lease
    await Mailer(worker.app, post, ready=worker.ready, lease=lease).run()


async def _clock(worker: Worker) -> None:
    ready = worker.ready
    await keep_deadlines(worker.effects, DEADLINES, ready=ready, look_again=LOOK_AGAIN)


async def _end(worker: Worker) -> None:
    await keep_ending(worker.effects, worker.ready)
