"""Rights, declared: the privacy centre, the origin of requests, a slice of its own."""

from pathlib import Path

from fastapi import APIRouter

from contracts.vocabulary import Reason
from services.rights.centre import asking
from services.rights.centre.forms import CONFIRM, ERASE, RESEND
from services.rights.inventory import INVENTORY
from services.rights.mails import Mails
from services.rights.settings import SERVICE as NAME
from services.rights.settings import UNCONFIRMED, configured
from services.rights.store import find_subjects
from shared.mail import Post, configured_sender
from shared.saga.followed import FOLLOWED_ACTIONS, FOLLOWED_REACTIONS
from shared.saga.status_pages import status_router
from shared.settings import Settings
from shared.slice import Service
from shared.web import Card
from shared.web.configuration import WebSettings

pages = APIRouter()
pages.include_router(asking.router)
pages.include_router(status_router(NAME))


def mails(settings: Settings) -> Post:
    """Say how this service's mails are made."""
    controller = WebSettings.load().read_controller()
    return Mails(settings, configured(), controller).post(configured_sender())


SERVICE = Service(
    name=NAME,
    folder=Path(__file__).parent,
    pages=pages,
    forms=(ERASE, RESEND, CONFIRM),
    cards=(Card("erase", ERASE.action),),
    inventory=INVENTORY,
    find=find_subjects,
    origin=True,
    reactions=FOLLOWED_REACTIONS,
    endings={UNCONFIRMED: Reason.UNCONFIRMED},
    actions=FOLLOWED_ACTIONS,
    mails=mails,
)
