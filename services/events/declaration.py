"""The events slice, declared: what it brings to every process."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from contracts.messages import ConsentWithdrawn, DataRectified
from services.events import copies, organising
from services.events.api import router
from services.events.cli import app
from services.events.desk import DESK_FORMS
from services.events.desk import router as desk
from services.events.endings import BESIDE, end_due, release_due, withdrawn_again
from services.events.forms import FORMS
from services.events.inventory import INVENTORY
from services.events.mails import Mails
from services.events.settings import CONCLUDE, END, MOVE_UP, REGISTRATION, SEAT_HOLD, TOTALS
from services.events.settings import SERVICE as NAME
from services.events.store.seats import find_subjects
from shared.database import Transaction
from shared.deadlines import Due
from shared.disclosure import configured_recipients, keep_telling
from shared.mail import Post, configured_sender
from shared.settings import Settings
from shared.slice import Service
from shared.web import Card
from shared.web.wordings import Wordings, read_wordings
from shared.worker import Worker

FOLDER = Path(__file__).parent


def mails(settings: Settings) -> Post:
    """Say how this service's mails are made."""
    return Mails(settings.public_url, read_wordings(FOLDER)).post(configured_sender())


@cache
def _wordings() -> Wordings:
    """Read what was published when this process began; a new version comes with a new start."""
    return read_wordings(FOLDER)


async def move_up(tx: Transaction, due: Sequence[Due]) -> None:
    """Give free seats to those who wait longest, and whose registration counts."""
    await organising.move_up_due(tx, due, _wordings().counting())


async def tell_recipients(worker: Worker) -> None:
    """Tell the post provider what ended (R-3P-03); by contract it deletes unasked."""
    await worker.ready.wait()
    await keep_telling(worker.effects, {}, configured_recipients())


SERVICE = Service(
    name=NAME,
    folder=FOLDER,
    pages=router,
    forms=FORMS,
    cards=(Card("gatherings", f"/{{lang}}/{NAME}/gatherings"),),
    inventory=INVENTORY,
    find=find_subjects,
    stands_on=frozenset({REGISTRATION}),
    actions={
        CONCLUDE: organising.conclude_due,
        SEAT_HOLD: release_due,
        END: end_due,
        MOVE_UP: move_up,
        TOTALS: organising.drop_due,
    },
    beside=BESIDE,
    reactions={ConsentWithdrawn: withdrawn_again, DataRectified: copies.hear},
    mails=mails,
    tasks=(tell_recipients, copies.tell_copied),
    commands=app,
    desk=desk,
    desk_forms=DESK_FORMS,
)
