"""Asking for erasure: the form, the mail that was sent, the link that confirms."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Identity
from services.rights import store
from services.rights.centre.forms import BASE, CONFIRM, ERASE, RESEND
from services.rights.inventory import INVENTORY
from services.rights.rules import Unconfirmed, days_of
from services.rights.settings import CONFIRM as CONFIRM_TOKEN
from services.rights.settings import RESEND as RESEND_TOKEN
from services.rights.settings import SERVICE, UNCONFIRMED, configured
from shared.crash import crash
from shared.database import Database, Transaction, barrier, is_transient
from shared.deadlines import set_deadline
from shared.errors import UnknownToken
from shared.mail import post
from shared.saga.closing import Slice
from shared.saga.eraser import eraser_of
from shared.saga.followed import follow
from shared.saga.origin import Opening, open_request
from shared.web import (
    TokenState,
    Values,
    find_token,
    language,
    new_token,
    read_form,
    reference,
    render_form,
    see_other,
    submit,
    transaction,
    use_token,
)
from shared.web.submit import database_away

router = APIRouter()
PART = Slice(INVENTORY, store.find_subjects)
REFERENCE = "ER"


@router.get(f"{BASE}/erase")
async def erase_page(request: Request) -> Response:
    """Show the form, and what is covered."""
    return render_form(request, ERASE)


@router.post(f"{BASE}/erase")
async def ask(request: Request) -> Response:
    """Store a request that waits for its click, and queue its mail.

    Nobody is asked whether the address is known: page and mail are the same either way.
    """

    async def effect(tx: Transaction, values: Values) -> Response:
        asked = Unconfirmed(values["email"], language(request), tx.now)
        subject = await store.add_unconfirmed(tx, asked)
        until = tx.now + configured().request_unconfirmed_ttl
        await set_deadline(tx, subject, UNCONFIRMED, until)
        await _queue_link(tx, subject, asked.language)
        token = await new_token(tx, subject, RESEND_TOKEN, until)
        tx.on_commit(lambda: crash("web:after-commit"))
        return see_other(f"/{language(request)}/{SERVICE}/sent/{token}")

    return await submit(request, ERASE, effect)


@router.get(f"{BASE}/sent/{{token}}")
async def sent_page(request: Request, token: str) -> Response:
    """Say what happens next, how long the link lives, and how to get the mail again."""
    days = days_of(configured().request_unconfirmed_ttl)
    return render_form(request, RESEND, reference=reference(REFERENCE, token), days=days)


@router.get(f"{BASE}/sent/{{token}}/again")
async def sent_again_page(request: Request, token: str) -> Response:
    """Say that the mail comes again."""
    days = days_of(configured().request_unconfirmed_ttl)
    number = reference(REFERENCE, token)
    return render_form(request, RESEND, reference=number, days=days, sent_again=True)


@router.post(f"{BASE}/sent/{{token}}")
async def resend(request: Request, token: str) -> Response:
    """Queue the mail again; links of earlier ones stay good."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, subject = await find_token(tx, token, RESEND_TOKEN)
        asked = subject and await store.find_unconfirmed(tx, subject)
        if subject and asked and not await store.mail_waits(tx, subject):
            await _queue_link(tx, subject, asked.language)
        return see_other(f"/{language(request)}/{SERVICE}/sent/{token}/again")

    return await submit(request, RESEND, effect)


@router.get(f"{BASE}/confirm/{{token}}")
async def confirm_page(request: Request, token: str) -> Response:
    """Show one button; scanners that follow links confirm nothing."""
    async with transaction(request, SERVICE) as tx:
        state, _ = await find_token(tx, token, CONFIRM_TOKEN)
    if state is not TokenState.LIVE:
        raise UnknownToken
    return render_form(request, CONFIRM)


@router.post(f"{BASE}/confirm/{{token}}")
async def confirm(request: Request, token: str) -> Response:
    """Open the request: whoever has the link has the mailbox, so identity is checked now.

    That moment is the cut-off. The barrier is passed after it and before the transaction.
    """
    values = await read_form(request, CONFIRM)
    try:
        secret = await _open(await eraser_of(request, SERVICE), token)
    except Exception as error:
        if not is_transient(error):
            raise
        raise database_away(values) from error
    crash("web:after-commit")
    return see_other(f"/{language(request)}/{SERVICE}/requests/{secret}")


async def _open(database: Database, token: str) -> str:
    """Open a request by its link; returns the secret of its status page. Raises UnknownToken."""
    checked_at = database.clock.now()
    passed_at = await barrier(database)
    async with database.begin() as tx:
        # The person acts: a restriction does not stop it.
        await tx.by_person()
        asked = await store.find_unconfirmed(tx, await use_token(tx, token, CONFIRM_TOKEN))
        if asked is None:
            raise UnknownToken
        opening = Opening(
            language=asked.language,
            received_at=asked.received_at,
            checked_at=checked_at,
            identity=Identity.MAILED_LINK,
            addresses=(asked.address,),
            followed=True,
        )
        request_id = await open_request(tx, opening, part=PART, passed_at=passed_at)
        return await follow(tx, request_id, asked.language)


async def _queue_link(tx: Transaction, subject: UUID, lang: str) -> None:
    await post(
        tx,
        kind=CONFIRM_TOKEN,
        template=CONFIRM_TOKEN,
        language=lang,
        subject_id=subject,
        give_up_at=tx.now + configured().request_unconfirmed_ttl,
    )
