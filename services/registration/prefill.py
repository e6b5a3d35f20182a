"""The account's fields for the forms of other services, asked with the visitor's own session."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from services.registration import rules
from services.registration.limits import ends
from services.registration.rules import DETAILS, State
from services.registration.settings import SERVICE, USE
from services.registration.store import accounts, sign_ins
from shared.database import Transaction
from shared.slice import consents_of, outdated
from shared.web.account import account_router
from shared.web.wordings import Wordings, read_wordings


async def look_up(tx: Transaction, session_sha256: bytes) -> Mapping[str, str] | None:
    """Give the fields of a signed-in account; None if it is not live, or the session is over.

    None too while the words of its declaration wait to be renewed (R-POL-01).
    """
    found = await sign_ins.by_account_cookie(tx, session_sha256)
    if found is None or rules.account_end(found, ends()) <= tx.now:
        return None
    account = await accounts.find(tx, found.subject_id)
    if account is None or rules.state_of(account) is not State.LIVE:
        return None
    if USE in outdated(await consents_of(tx, account.subject_id), _wordings()):
        return None
    details = {name: getattr(account.details, name) or "" for name in DETAILS}
    return {"email": account.email, **details}


@cache
def _wordings() -> Wordings:
    return read_wordings(Path(__file__).parent)


router = account_router(SERVICE, look_up, frozenset({"events"}))
