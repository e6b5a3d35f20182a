"""The website's routes."""

from fastapi import APIRouter

from services.website.api import choices, erasing, links, objections, pixel, policies, start

router = APIRouter()
internal = APIRouter()
for room in (start, policies, choices, objections, erasing, pixel):
    router.include_router(room.router)
internal.include_router(links.router)
