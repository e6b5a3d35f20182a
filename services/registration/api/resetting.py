"""A forgotten password: a wish, a mailed link, a new password (R-ACC-03)."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.registration import rules
from services.registration import settings as names
from services.registration.api.cookies import drop_both
from services.registration.api.session import OPEN, PASSWORDS, forget_tries, keeping_typed
from services.registration.forms import BASE, NEW_PASSWORD, RESET
from services.registration.pages import minutes_of
from services.registration.rules import Account
from services.registration.settings import GIVE_UP, SERVICE, WISH_OVER
from services.registration.store import accounts, addresses, sign_ins
from services.registration.store.addresses import ResetWish
from shared.crash import crash
from shared.database import Transaction
from shared.errors import UnknownToken
from shared.mail import post
from shared.parameters import duration
from shared.slice import end_at, end_now
from shared.web import (
    FormRefused,
    TokenState,
    Values,
    find_token,
    language,
    read_form,
    render,
    render_form,
    see_other,
    submit,
    transaction,
    use_token,
)

router = APIRouter()


@router.get(RESET.action)
async def reset_page(request: Request) -> Response:
    """Show the form."""
    return render_form(request, RESET)


@router.post(RESET.action)
async def reset(request: Request) -> Response:
    """Store the wish and queue a mail; whether the address has an account, the worker finds out."""

    async def effect(tx: Transaction, values: Values) -> Response:
        lang, until = language(request), tx.now + duration("RESET_TTL")
        wish = await addresses.add_reset_wish(tx, ResetWish(values["email"], lang, tx.now))
        await end_at(tx, wish, WISH_OVER, until)
        await post(
            tx,
            kind=names.RESET,
            template=names.RESET,
            language=lang,
            subject_id=wish,
            give_up_at=until,
        )
        tx.on_commit(lambda: crash("web:after-commit"))
        return see_other(f"/{lang}/{SERVICE}/reset-sent")

    return await submit(request, RESET, effect)


@router.get(f"{BASE}/reset-sent")
async def reset_sent_page(request: Request) -> Response:
    """Say the same to everybody: if there is an account, a mail is on its way."""
    minutes = minutes_of(duration("RESET_TTL"))
    return render(request, f"{SERVICE}/reset_sent.html", minutes=minutes)


@router.get(NEW_PASSWORD.action)
async def new_password_page(request: Request, token: str) -> Response:
    """Show one field; looking at it uses nothing up."""
    async with transaction(request, SERVICE) as tx:
        await _account(tx, token)
    return render_form(request, NEW_PASSWORD)


@router.post(NEW_PASSWORD.action)
async def new_password(request: Request, token: str) -> Response:
    """Set the password; every sign-in of the account ends, and its other links too."""
    values = await read_form(request, NEW_PASSWORD)
    with keeping_typed(values):
        async with transaction(request, SERVICE) as tx:
            account = await _account(tx, token)
        if code := rules.weakness(values["chosen"], account.email):
            raise FormRefused(NEW_PASSWORD, {}, {"chosen": code})
        hashed = await PASSWORDS.hash(values["chosen"])
        async with transaction(request, SERVICE) as tx:
            await use_token(tx, token, names.RESET)
            await set_password(tx, await _still(tx, account), hashed)
    answer = see_other(f"/{language(request)}/{SERVICE}/sign-in/again")
    drop_both(request, answer)
    return answer


async def set_password(tx: Transaction, account: Account, hashed: str) -> None:
    """Replace the password, end every sign-in and open link, and tell the account's address.

    A change of address that waits for its click ends too: whoever knew the old password may have
    asked for it, with a mailbox of their own.
    """
    await tx.by_person()
    await accounts.set_password(tx, account.subject_id, hashed)
    await sign_ins.end_all(tx, account.subject_id)
    await addresses.kill_tokens(tx, account.subject_id)
    await end_wish(tx, account.subject_id)
    await forget_tries(tx, account.email)
    await post(
        tx,
        kind=names.NEW_PASSWORD,
        template=names.NEW_PASSWORD,
        language=account.language,
        subject_id=account.subject_id,
        give_up_at=tx.now + GIVE_UP,
    )


async def end_wish(tx: Transaction, subject_id: UUID) -> None:
    """End an account's wish for another address, if there is one: its link works no more."""
    before = await addresses.drop_new_address(tx, subject_id)
    if before is not None:
        await end_now(tx, before, WISH_OVER)


async def _account(tx: Transaction, token: str) -> Account:
    """Give the account of a link that still works. Raises UnknownToken."""
    state, subject_id = await find_token(tx, token, names.RESET)
    if subject_id is None or state is not TokenState.LIVE:
        raise UnknownToken
    found = await accounts.find(tx, subject_id)
    if found is None or rules.state_of(found) not in OPEN:
        raise UnknownToken
    return found


async def _still(tx: Transaction, account: Account) -> Account:
    found = await accounts.find(tx, account.subject_id)
    if found is None or rules.state_of(found) not in OPEN:
        raise UnknownToken
    return found
