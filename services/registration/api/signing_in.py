"""Signing in and out."""

from secrets import token_urlsafe
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.registration import rules
from services.registration.api import cookies
from services.registration.api.session import (
    OPEN,
    PASSWORDS,
    forget_tries,
    go_to,
    keeping_typed,
    try_password,
)
from services.registration.documents import DOCUMENTS
from services.registration.forms import BASE, SIGN_IN, SIGN_OUT
from services.registration.limits import ends
from services.registration.rules import SignIn
from services.registration.settings import SERVICE, SIGNED_OUT
from services.registration.store import accounts, sign_ins
from shared.database import Transaction
from shared.deadlines import set_deadline
from shared.parameters import duration
from shared.web import (
    FormRefused,
    Values,
    language,
    read_form,
    render,
    render_form,
    require_caught_up,
    see_other,
    submit,
    transaction,
)
from shared.web.guard import session_digest
from shared.web.visitors import tell_signed_in

router = APIRouter()
SECRET_BYTES: Final = 32


@router.get(SIGN_IN.action)
async def sign_in_page(request: Request) -> Response:
    """Show the form, which says how long a sign-in lasts (R-CK-05)."""
    wanted = request.query_params.get("document", "")
    values = {"document": wanted} if wanted in DOCUMENTS else {}
    days = duration("ONLINEPLUS_MAX").days
    return render_form(request, SIGN_IN, values=values, days=days)


@router.post(SIGN_IN.action)
async def sign_in(request: Request) -> Response:
    """Check address and password; give the browser two new cookies (R-CK-04).

    An unknown address, one without a confirmed account and a wrong password are answered alike and
    as slowly. The password is checked between two transactions: none waits for it.
    """
    values = await read_form(request, SIGN_IN)
    with keeping_typed(values):
        async with transaction(request, SERVICE) as tx:
            await require_caught_up(tx)
            await try_password(tx, values["email"])
            found = await accounts.hash_at(tx, values["email"])
        right = await PASSWORDS.check(found[1] if found else None, values["password"])
        if found is None or not right:
            raise _refused(values)
        async with transaction(request, SERVICE) as tx:
            answer = await _begin(request, tx, found[0], values)
    answer.background = tell_signed_in(request, SERVICE, found[0])
    return answer


async def _begin(request: Request, tx: Transaction, subject_id: UUID, values: Values) -> Response:
    """Begin a sign-in under two fresh secrets; whatever the browser had before ends (rotation)."""
    account = await accounts.find(tx, subject_id)
    if account is None or rules.state_of(account) not in OPEN:
        raise _refused(values)
    await tx.by_person()
    await sign_ins.end_cookies(tx, cookies.digests(request))
    for_account, for_documents = token_urlsafe(SECRET_BYTES), token_urlsafe(SECRET_BYTES)
    this_session = values.get("this_session") is not None
    begun = await sign_ins.add(
        tx,
        subject_id,
        session_digest(for_account),
        session_digest(for_documents),
        this_session=this_session,
    )
    await plan_end(tx, begun)
    await forget_tries(tx, account.email)
    lang, wanted = language(request), values.get("document")
    path = f"/{lang}/documents/{wanted}" if wanted in DOCUMENTS else f"/{lang}/{SERVICE}/account"
    answer = go_to(request, path)
    cookies.set_both(request, answer, for_account, for_documents, this_session=this_session)
    return answer


async def plan_end(tx: Transaction, begun: SignIn) -> None:
    """Set when the clock looks for sign-ins of this account that are over (R-CK-06)."""
    others = await sign_ins.of_subject(tx, begun.subject_id)
    first = min(rules.next_end(one, ends(), tx.now) for one in (begun, *others))
    await set_deadline(tx, begun.subject_id, SIGNED_OUT, first)


@router.get(f"{BASE}/sign-in/again")
async def again_page(request: Request) -> Response:
    """Say that a password was set, and show the form to sign in with it."""
    return render_form(
        request, SIGN_IN, values={}, days=duration("ONLINEPLUS_MAX").days, new_password=True
    )


@router.get(SIGN_OUT.action)
async def sign_out_page(request: Request) -> Response:
    """Show one button: a link that somebody follows signs nobody out."""
    return render_form(request, SIGN_OUT)


@router.post(SIGN_OUT.action)
async def sign_out(request: Request) -> Response:
    """End the sign-in of this browser, here and on the server."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        await tx.by_person()
        await sign_ins.end_cookies(tx, cookies.digests(request))
        return see_other(f"/{language(request)}/{SERVICE}/signed-out")

    answer = await submit(request, SIGN_OUT, effect)
    cookies.drop_both(request, answer)
    return answer


@router.get(f"{BASE}/signed-out")
async def signed_out_page(request: Request) -> Response:
    """Say that this browser is signed out."""
    return render(request, f"{SERVICE}/signed_out.html")


def _refused(values: Values) -> FormRefused:
    typed = {name: values.fields.get(name, "") for name in ("email", "this_session", "document")}
    return FormRefused(SIGN_IN, typed, {"password": "wrong"})
