"""The website, declared: what it brings to every process."""

from contracts.vocabulary import Reason
from services.website import store
from services.website.app import router
from services.website.cli import app as commands
from services.website.inventory import INVENTORY
from services.website.settings import HERE, OVER, UNUSED, WITHDRAWN
from services.website.settings import SERVICE as NAME
from shared.slice import Service

SERVICE = Service(
    name=NAME,
    folder=HERE,
    pages=router,
    inventory=INVENTORY,
    find=store.find_subjects,
    endings={
        WITHDRAWN: Reason.WITHDRAWN,
        UNUSED: Reason.PURPOSE_ENDED,
        OVER: Reason.PURPOSE_ENDED,
    },
    commands=commands,
)
