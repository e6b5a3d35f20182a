"""The ledger's part of a web process."""

from pathlib import Path

from contracts.topics import ERASURE_SERVICE
from services.erasure.api import internal, router
from services.erasure.forms import VERIFY
from shared.web import Card, Part

PART = Part(
    ERASURE_SERVICE,
    Path(__file__).parent,
    router,
    internal,
    forms=(VERIFY,),
    cards=(Card("verify", f"/{{lang}}/{ERASURE_SERVICE}/verify"),),
)
