"""Who is signed in: asked of the database at each request, never of the cookie alone (R-ACC-02)."""

from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.registration import rules
from services.registration.api.cookies import onlineplus
from services.registration.forms import BASE, GUARD
from services.registration.limits import ends
from services.registration.passwords import Passwords
from services.registration.rules import Account, AccountClosed, SignIn, State
from services.registration.settings import LOOKED
from services.registration.store import accounts, sign_ins
from shared.database import Transaction, is_transient
from shared.errors import TooMany
from shared.mail import quota
from shared.web import Values, require_caught_up, see_other
from shared.web.guard import NotSignedIn, read_cookie, session_digest
from shared.web.rendering import wants_json
from shared.web.submit import database_away

PASSWORDS = Passwords()
MAX_TRIES = 10  # wrong passwords for one address in a quarter of an hour
TRIES = "sign-in"
OPEN = frozenset({State.LIVE, State.RESTRICTED})


class SignInFirst(NotSignedIn):
    """You are not signed in, or no longer. Sign in and try again."""

    sign_in = f"{BASE}/sign-in"


async def signed_in(request: Request, tx: Transaction) -> tuple[SignIn, Account]:
    """Give the sign-in and the account behind the account page's cookie.

    A restricted account is open to its own person: to look, to withdraw, to end (Art. 18).
    Raises SignInFirst, NotCaughtUp.
    """
    await require_caught_up(tx)
    value = read_cookie(request, GUARD)
    found = value and await sign_ins.by_account_cookie(tx, session_digest(value))
    if not found or rules.account_end(found, ends()) <= tx.now:
        raise SignInFirst
    account = await accounts.find(tx, found.subject_id)
    if account is None or rules.state_of(account) not in OPEN:
        raise SignInFirst
    if tx.now - found.account_seen_at > LOOKED:
        await tx.by_person()
        await sign_ins.seen(tx, found.sign_in_id, account=True)
    return found, account


async def live_account(request: Request, tx: Transaction) -> Account:
    """Give the account behind the account page's cookie, for what only a live one may.

    Raises AccountClosed, and as `signed_in`.
    """
    _, account = await signed_in(request, tx)
    if rules.state_of(account) is not State.LIVE:
        raise AccountClosed
    return account


async def reader(request: Request, tx: Transaction) -> tuple[SignIn, State] | None:
    """Give the sign-in behind ONLINEPLUS and its account's state now; None: sign in first."""
    await require_caught_up(tx)
    value = onlineplus(request)
    found = value and await sign_ins.by_documents_cookie(tx, session_digest(value))
    if not found or rules.documents_end(found, ends()) <= tx.now:
        return None
    state = rules.state_of(await accounts.find(tx, found.subject_id))
    if state is State.LIVE and tx.now - found.seen_at > LOOKED:
        await sign_ins.seen(tx, found.sign_in_id, account=False)
    return found, state


async def try_password(tx: Transaction, email: str) -> None:
    """Count one try of a password for an address, known or not. Raises TooMany."""
    if await quota.count_try(tx, TRIES, email) > MAX_TRIES:
        raise TooMany


async def forget_tries(tx: Transaction, email: str) -> None:
    """Begin counting anew: the password was right, or a new one was set."""
    await quota.forget_tries(tx, TRIES, email)


@contextmanager
def keeping_typed(values: Values) -> Iterator[None]:
    """Let the page come back with everything that was typed if the database is away."""
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise
        raise database_away(values) from error


def go_to(request: Request, path: str) -> Response:
    """Send a browser on, or tell a program where to go on."""
    if wants_json(request):
        return Response(orjson.dumps({"next": path}), 202, media_type="application/json")
    return see_other(path)
