"""The ledger, declared: it holds no slice, so its worker is its own."""

from pathlib import Path

from contracts.topics import ERASURE_SERVICE
from services.erasure.api import internal, router
from services.erasure.cli import commands
from services.erasure.forms import FIND_ENTRY, VERIFY, VERIFY_FILE
from services.erasure.inventory import INVENTORY
from services.erasure.worker import work
from shared.slice import Service
from shared.web import Card

SERVICE = Service(
    name=ERASURE_SERVICE,
    folder=Path(__file__).parent,
    pages=router,
    internal=internal,
    forms=(VERIFY, VERIFY_FILE, FIND_ENTRY),
    cards=(Card("verify", VERIFY.action),),
    inventory=INVENTORY,
    alone=work,
    commands=commands,
)
