"""Changing details and password; what was there before is gone (R-ACC-08)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.registration import rules
from services.registration.api.cookies import drop_both
from services.registration.api.resetting import set_password
from services.registration.api.session import (
    PASSWORDS,
    forget_tries,
    keeping_typed,
    signed_in,
    try_password,
)
from services.registration.forms import CHANGE, CHANGE_PASSWORD
from services.registration.rectifying import publish
from services.registration.rules import DETAILS, AccountClosed
from services.registration.settings import SERVICE
from services.registration.store import accounts
from shared.database import Transaction
from shared.web import (
    Form,
    FormRefused,
    Values,
    language,
    read_form,
    render_form,
    see_other,
    submit,
    transaction,
)

router = APIRouter()


@router.get(CHANGE.action)
async def change_page(request: Request) -> Response:
    """Show the details as they are, to change them."""
    async with transaction(request, SERVICE) as tx:
        _, account = await signed_in(request, tx)
    stored = {name: getattr(account.details, name) or "" for name in DETAILS}
    return render_form(request, CHANGE, values=stored)


@router.post(CHANGE.action)
async def change(request: Request) -> Response:
    """Replace the details; only the names of the changed fields are written down."""

    async def effect(tx: Transaction, values: Values) -> Response:
        _, account = await signed_in(request, tx)
        after = rules.details_of(values.fields)
        names = rules.changed(account.details, after)
        if names:
            if not await accounts.change_details(tx, account.subject_id, after):
                raise AccountClosed
            await publish(tx, account.subject_id, names)
        return see_other(f"/{language(request)}/{SERVICE}/account")

    return await submit(request, CHANGE, effect)


@router.get(CHANGE_PASSWORD.action)
async def change_password_page(request: Request) -> Response:
    """Show the form."""
    async with transaction(request, SERVICE) as tx:
        await signed_in(request, tx)
    return render_form(request, CHANGE_PASSWORD)


@router.post(CHANGE_PASSWORD.action)
async def change_password(request: Request) -> Response:
    """Set a new password with the old one; every browser signs in again, this one too."""
    values = await read_form(request, CHANGE_PASSWORD)
    with keeping_typed(values):
        await check_again(request, CHANGE_PASSWORD, values)
        async with transaction(request, SERVICE) as tx:
            _, account = await signed_in(request, tx)
        if code := rules.weakness(values["chosen"], account.email):
            raise FormRefused(CHANGE_PASSWORD, {}, {"chosen": code})
        hashed = await PASSWORDS.hash(values["chosen"])
        async with transaction(request, SERVICE) as tx:
            _, account = await signed_in(request, tx)
            await set_password(tx, account, hashed)
    answer = see_other(f"/{language(request)}/{SERVICE}/sign-in/again")
    drop_both(request, answer)
    return answer


async def check_again(request: Request, form: Form, values: Values) -> None:
    """Ask for the password once more before what cannot be undone.

    Raises SignInFirst, TooMany, and FormRefused for a wrong one.
    """
    async with transaction(request, SERVICE) as tx:
        _, account = await signed_in(request, tx)
        await try_password(tx, account.email)
        stored = await accounts.hash_of(tx, account.subject_id)
    if not await PASSWORDS.check(stored, values["password"]):
        typed = {name: value for name, value in values.fields.items() if name != "password"}
        raise FormRefused(form, typed, {"password": "wrong"})
    async with transaction(request, SERVICE) as tx:
        await forget_tries(tx, account.email)
