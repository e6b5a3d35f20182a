"""Accounts, declared: sign-up and sign-in, the account page, protected documents, their mails."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter

from contracts.messages import DataRectified
from contracts.vocabulary import Reason
from services.registration import prefill, rectifying
from services.registration.api import router
from services.registration.cli import app
from services.registration.endings import ACTIONS
from services.registration.forms import FORMS, SIGN_IN, SIGN_UP
from services.registration.inventory import INVENTORY
from services.registration.mails import Mails
from services.registration.settings import REPLACED, UNCONFIRMED, USE, WISH_OVER, WITHDRAWN
from services.registration.settings import SERVICE as NAME
from services.registration.store.addresses import find_subjects
from shared.mail import Post, configured_sender
from shared.saga.followed import FOLLOWED_ACTIONS, FOLLOWED_REACTIONS
from shared.settings import Settings
from shared.slice import Service
from shared.web import Card
from shared.web.configuration import WebSettings
from shared.web.wordings import read_wordings

FOLDER: Final = Path(__file__).parent


def _internal() -> APIRouter:
    """Give the routes for other services: who is signed in, whose a change was."""
    router = APIRouter()
    router.include_router(prefill.router)
    router.include_router(rectifying.router)
    return router


def mails(settings: Settings) -> Post:
    """Say how this service's mails are made."""
    controller = WebSettings.load().read_controller()
    return Mails(settings, controller, read_wordings(FOLDER)).post(configured_sender())


SERVICE = Service(
    name=NAME,
    folder=FOLDER,
    pages=router,
    internal=_internal(),
    forms=FORMS,
    cards=(
        Card("sign-up", SIGN_UP.action),
        Card("sign-in", SIGN_IN.action),
        Card("documents", "/{lang}/documents"),
    ),
    inventory=INVENTORY,
    find=find_subjects,
    origin=True,
    stands_on=frozenset({USE}),
    reactions={**FOLLOWED_REACTIONS, DataRectified: rectifying.freeze_outdated},
    endings={
        UNCONFIRMED: Reason.UNCONFIRMED,
        WITHDRAWN: Reason.WITHDRAWN,
        WISH_OVER: Reason.RETENTION_OVER,
        REPLACED: Reason.REPLACED,
    },
    actions={**FOLLOWED_ACTIONS, **ACTIONS},
    mails=mails,
    commands=app,
)
