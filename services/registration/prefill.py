"""The account's fields for the forms of other services, asked with the visitor's own session."""

from collections.abc import Mapping

from services.registration import rules
from services.registration.limits import ends
from services.registration.rules import DETAILS, State
from services.registration.settings import SERVICE
from services.registration.store import accounts, sign_ins
from shared.database import Transaction
from shared.web.account import account_router


async def look_up(tx: Transaction, session_sha256: bytes) -> Mapping[str, str] | None:
    """Give the fields of a signed-in account; None if it is not live, or the session is over."""
    found = await sign_ins.by_account_cookie(tx, session_sha256)
    if found is None or rules.account_end(found, ends()) <= tx.now:
        return None
    account = await accounts.find(tx, found.subject_id)
    if account is None or rules.state_of(account) is not State.LIVE:
        return None
    details = {name: getattr(account.details, name) or "" for name in DETAILS}
    return {"email": account.email, **details}


router = account_router(SERVICE, look_up, frozenset({"events"}))
