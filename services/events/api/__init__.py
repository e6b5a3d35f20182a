"""The events slice's pages. A GET never changes anything."""

from fastapi import APIRouter

from services.events.api import offering, registering, seat, survey

router = APIRouter()
for each in (offering, registering, seat, survey):
    router.include_router(each.router)
