"""The newsletter's pages. A GET never changes anything."""

from fastapi import APIRouter

from services.newsletter.api import sign_up, subscription

router = APIRouter()
router.include_router(sign_up.router)
router.include_router(subscription.router)
