"""The organisers' pages, on the internal listener."""

from fastapi import APIRouter

from services.events.desk import gatherings, people
from services.events.desk.forms import DESK_FORMS

router = APIRouter()
for each in (gatherings, people):
    router.include_router(each.router)

__all__ = ["DESK_FORMS", "router"]
