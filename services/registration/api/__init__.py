"""The pages of accounts and documents. A GET decides nothing and ends nothing."""

from fastapi import APIRouter

from services.registration.api import (
    account,
    addresses,
    changing,
    documents,
    ending,
    resetting,
    sign_up,
    signing_in,
)
from services.registration.settings import SERVICE
from shared.saga.status_pages import status_router

router = APIRouter()
for part in (sign_up, signing_in, resetting, account, changing, addresses, ending, documents):
    router.include_router(part.router)
router.include_router(status_router(SERVICE))
