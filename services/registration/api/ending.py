"""The end of an account: declaration A taken back, or erasure with a certificate (R-ACC-09)."""

from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Identity, Method
from services.registration.api.changing import check_again
from services.registration.api.cookies import drop_both
from services.registration.api.session import SignInFirst, keeping_typed, signed_in
from services.registration.forms import BASE, END, OTHERS, WITHDRAW
from services.registration.inventory import INVENTORY
from services.registration.rules import Account
from services.registration.settings import SERVICE, WITHDRAWN
from services.registration.store import accounts, sign_ins
from services.registration.store.addresses import find_subjects
from shared.crash import crash
from shared.database import Database, Transaction, barrier
from shared.mail import forget
from shared.saga.closing import Slice
from shared.saga.eraser import eraser_of
from shared.saga.followed import follow
from shared.saga.origin import Opening, open_request
from shared.saga.requests import registered
from shared.slice import end_now
from shared.web import (
    Values,
    language,
    read_form,
    render,
    render_form,
    see_other,
    submit,
    transaction,
    view_of,
)
from shared.web.visitors import HOLDER as VISITORS

router = APIRouter()
PART: Final = Slice(INVENTORY, find_subjects)


@router.get(WITHDRAW.action)
async def withdraw_page(request: Request) -> Response:
    """Show one button, and what it ends."""
    async with transaction(request, SERVICE) as tx:
        await signed_in(request, tx)
    return render_form(request, WITHDRAW)


@router.post(WITHDRAW.action)
async def withdraw_use(request: Request) -> Response:
    """Take declaration A back: the account ends at once, the worker deletes it (R-ACC-07)."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, account = await signed_in(request, tx)
        await tx.by_person()
        await accounts.end(tx, account.subject_id)
        await sign_ins.end_all(tx, account.subject_id)
        await end_now(tx, account.subject_id, WITHDRAWN, Method.PREFERENCES)
        await forget(tx, [account.email])
        tx.on_commit(lambda: crash("web:after-commit"))
        return see_other(f"/{language(request)}/{SERVICE}/ended")

    answer = await submit(request, WITHDRAW, effect)
    drop_both(request, answer)
    return answer


@router.get(f"{BASE}/ended")
async def ended_page(request: Request) -> Response:
    """Say that the account is being deleted."""
    return render(request, f"{SERVICE}/ended.html")


@router.get(END.action)
async def end_page(request: Request) -> Response:
    """Show what is erased, and offer the other slices: separate consents, unticked."""
    async with transaction(request, SERVICE) as tx:
        await signed_in(request, tx)
        live = await registered(tx)
    form = view_of(request, END)
    shown = tuple(
        one for one in form.fields if one.field.name not in OTHERS or one.field.name in live
    )
    return render(request, END.template, service=SERVICE, form=replace(form, fields=shown))


@router.post(END.action)
async def end(request: Request) -> Response:
    """Erase the account, and the slices that are ticked, after the password (R-ACC-09).

    Identity is checked with the password: that moment is the cut-off. The barrier is passed after
    it and before the transaction.
    """
    values = await read_form(request, END)
    with keeping_typed(values):
        await check_again(request, END, values)
        async with transaction(request, SERVICE) as tx:
            _, account = await signed_in(request, tx)
        ticked = tuple(name for name in OTHERS if values.get(name))
        database = await eraser_of(request, SERVICE)
        secret = await _erase(database, account, ticked, language(request))
    crash("web:after-commit")
    answer = see_other(f"/{language(request)}/{SERVICE}/requests/{secret}")
    drop_both(request, answer)
    return answer


async def _erase(database: Database, account: Account, ticked: tuple[str, ...], lang: str) -> str:
    """Open the request; gives the secret of its status page. Raises SignInFirst if it was ended.

    The address is an alias besides the account's id: the certificate goes there, and the account
    is gone by then. It reaches other slices only if they are ticked.
    """
    checked_at = database.clock.now()
    passed_at = await barrier(database)
    async with database.begin() as tx:
        await tx.by_person()
        if not await accounts.end(tx, account.subject_id):
            raise SignInFirst
        await sign_ins.end_all(tx, account.subject_id)
        live = await registered(tx)
        scope = (*(name for name in ticked if name in live), SERVICE)
        opening = Opening(
            language=lang,
            received_at=checked_at,
            checked_at=checked_at,
            identity=Identity.SIGNED_IN,
            addresses=(account.email,),
            subjects=tuple(
                (name, account.subject_id) for name in (SERVICE, VISITORS) if name in scope
            ),
            scope=scope,
            followed=True,
        )
        request_id = await open_request(tx, opening, part=PART, passed_at=passed_at)
        return await follow(tx, request_id, lang)
