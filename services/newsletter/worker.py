"""The newsletter's worker: what every slice does, with its own mails and deadlines."""

from services.newsletter import store
from services.newsletter.endings import DEADLINES
from services.newsletter.inventory import INVENTORY
from services.newsletter.mails import Mails
from services.newsletter.reactions import REACTIONS
from services.newsletter.settings import configured
from shared.mail import configured_sender
from shared.saga.slice_work import slice_work
from shared.settings import Settings
from shared.worker import Work


def work(settings: Settings) -> Work:
    """Describe what the newsletter does in a worker. Raises MissingSecret without its key."""
    return slice_work(
        settings,
        INVENTORY,
        store.find_subjects,
        REACTIONS,
        post=Mails(settings.public_url, configured()).post(configured_sender()),
        actions=DEADLINES,
    )
