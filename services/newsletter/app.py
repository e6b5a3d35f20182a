"""The newsletter's part of a web process."""

from pathlib import Path

from services.newsletter.api import router
from services.newsletter.forms import CONFIRM, PREFERENCES, RESEND, SUBSCRIBE, UNSUBSCRIBE
from services.newsletter.settings import SERVICE
from shared.web import Card, Part

PART = Part(
    SERVICE,
    Path(__file__).parent,
    router,
    forms=(SUBSCRIBE, RESEND, CONFIRM, UNSUBSCRIBE, PREFERENCES),
    cards=(Card("subscribe", f"/{{lang}}/{SERVICE}/subscribe"),),
)
