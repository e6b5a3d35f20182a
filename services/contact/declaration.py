"""The contact form, declared: what it brings to every process."""

from contracts.vocabulary import Reason
from services.contact.api import router
from services.contact.cli import app
from services.contact.desk import router as desk
from services.contact.forms import DESK_FORMS, FORMS, MESSAGE
from services.contact.handling import ACTIONS
from services.contact.inventory import INVENTORY
from services.contact.mails import Mails
from services.contact.settings import CLARIFIED, FOLDER, PURPOSE, SILENT, WITHDRAWN
from services.contact.settings import SERVICE as NAME
from services.contact.store import find_subjects
from shared.mail import Post, configured_sender
from shared.settings import Settings
from shared.slice import Service
from shared.web import Card
from shared.web.wordings import read_wordings


def mails(settings: Settings) -> Post:
    """Say how this service's mails are made."""
    return Mails(settings.public_url, read_wordings(FOLDER)).post(configured_sender())


SERVICE = Service(
    name=NAME,
    folder=FOLDER,
    pages=router,
    forms=FORMS,
    cards=(Card("message", MESSAGE.action),),
    inventory=INVENTORY,
    find=find_subjects,
    stands_on=frozenset({PURPOSE}),
    endings={
        CLARIFIED: Reason.PURPOSE_ENDED,
        SILENT: Reason.RETENTION_OVER,
        WITHDRAWN: Reason.WITHDRAWN,
    },
    actions=ACTIONS,
    mails=mails,
    commands=app,
    desk=desk,
    desk_forms=DESK_FORMS,
)
