"""The website, declared: what it brings to every process."""

from contracts.messages import ErasureCertified, SubjectsClosed
from contracts.vocabulary import Reason
from services.website import store
from services.website.api import internal, router
from services.website.cli import app as commands
from services.website.falling import BESIDE
from services.website.forms import FORMS
from services.website.inventory import INVENTORY
from services.website.layer import Layer
from services.website.rules.choices import OFFERED
from services.website.settings import HERE, OVER, UNUSED, WITHDRAWN
from services.website.settings import SERVICE as NAME
from services.website.tasks import keep_days, tell_processors
from services.website.unlinking import forget_certified, unlink_closed
from shared.slice import Service

SERVICE = Service(
    name=NAME,
    folder=HERE,
    pages=router,
    internal=internal,
    forms=FORMS,
    inventory=INVENTORY,
    find=store.find_subjects,
    stands_on=frozenset(OFFERED),
    endings={
        WITHDRAWN: Reason.WITHDRAWN,
        UNUSED: Reason.PURPOSE_ENDED,
        OVER: Reason.PURPOSE_ENDED,
    },
    beside=BESIDE,
    reactions={SubjectsClosed: unlink_closed, ErasureCertified: forget_certified},
    tasks=(keep_days, tell_processors),
    commands=commands,
    layer=Layer,
)
