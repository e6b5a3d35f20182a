"""The newsletter, declared: what it brings to every process."""

from pathlib import Path

from contracts.vocabulary import Reason
from services.newsletter.api import router
from services.newsletter.cli import app
from services.newsletter.forms import CONFIRM, PREFERENCES, RENEW, RESEND, SUBSCRIBE, UNSUBSCRIBE
from services.newsletter.inventory import INVENTORY
from services.newsletter.mails import Mails
from services.newsletter.settings import PURPOSE, REPLACED, UNCONFIRMED, WITHDRAWN, configured
from services.newsletter.settings import SERVICE as NAME
from services.newsletter.store import find_subjects
from shared.mail import Post, configured_sender
from shared.settings import Settings
from shared.slice import Service
from shared.web import Card


def mails(settings: Settings) -> Post:
    """Say how this service's mails are made."""
    return Mails(settings.public_url, configured()).post(configured_sender())


SERVICE = Service(
    name=NAME,
    folder=Path(__file__).parent,
    pages=router,
    forms=(SUBSCRIBE, RESEND, CONFIRM, UNSUBSCRIBE, PREFERENCES, RENEW),
    cards=(Card("subscribe", SUBSCRIBE.action),),
    inventory=INVENTORY,
    find=find_subjects,
    stands_on=frozenset({PURPOSE}),
    endings={
        UNCONFIRMED: Reason.UNCONFIRMED,
        WITHDRAWN: Reason.WITHDRAWN,
        REPLACED: Reason.REPLACED,
    },
    mails=mails,
    commands=app,
)
