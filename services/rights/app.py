"""What rights brings to a web process: the privacy centre, and the claim check inside."""

from pathlib import Path

from fastapi import APIRouter

from services.rights.centre import asking, following
from services.rights.centre.forms import CONFIRM, ERASE, RESEND
from services.rights.settings import SERVICE
from shared.saga.origin import claim_router
from shared.web import Card, Part

router = APIRouter()
router.include_router(asking.router)
router.include_router(following.router)

PART = Part(
    SERVICE,
    Path(__file__).parent,
    router,
    internal=claim_router(SERVICE),
    forms=(ERASE, RESEND, CONFIRM),
    cards=(Card("erase", f"/{{lang}}/{SERVICE}/erase"),),
)
