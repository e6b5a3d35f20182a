"""Signing up: the form, the mail that was sent, the link that confirms."""

from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.newsletter import endings, rules, store
from services.newsletter import settings as names
from services.newsletter.forms import (
    CONFIRM,
    RESEND,
    SUBSCRIBE,
)
from services.newsletter.pages import hours_of
from services.newsletter.rules import Pending
from services.newsletter.settings import (
    LINK_LIFE,
    SERVICE,
    UNCONFIRMED,
    WELCOME,
    WELCOME_GIVE_UP,
    configured,
)
from shared.crash import crash
from shared.database import Transaction
from shared.deadlines import clear_deadline, set_deadline
from shared.errors import UnknownToken
from shared.mail import post
from shared.slice import begin_subject, lock_text
from shared.web import (
    TokenState,
    Values,
    find_token,
    language,
    new_token,
    reference,
    render,
    render_form,
    see_other,
    submit,
    transaction,
    use_token,
    web_of,
)
from shared.web.routes import PlainRoute

router = APIRouter(route_class=PlainRoute)
ROOT = f"/{{lang}}/{SERVICE}"
REFERENCE = "NL"


@router.get(f"{ROOT}/subscribe")
async def subscribe_page(request: Request) -> Response:
    """Show the form."""
    return render_form(request, SUBSCRIBE)


@router.post(f"{ROOT}/subscribe")
async def subscribe(request: Request) -> Response:
    """Store a sign-up and queue its one mail (R-NL-03).

    The same rows are written whether the address is known or not: page, headers and time say
    nothing. Who is subscribed is found out when the mail is made.
    """
    lang = language(request)
    button = web_of(request).pages.texts[SERVICE].get(lang, "forms.subscribe.button")

    async def effect(tx: Transaction, values: Values) -> Response:
        wording = values.granted["consent"]
        subject_id, until = await begin_subject(tx), tx.now + configured().doi_ttl
        pending = Pending(
            subject_id=subject_id,
            email=values["email"],
            first_name=values.get("first_name"),
            last_name=values.get("last_name"),
            language=lang,
            wording=wording.id,
            wording_version=wording.version,
            wording_sha256=wording.sha256,
            button=button,
            form=SUBSCRIBE.name,
            submitted_at=tx.now,
        )
        await store.add_pending(tx, pending)
        await set_deadline(tx, subject_id, UNCONFIRMED, until)
        await _queue_confirmation(tx, pending)
        token = await new_token(tx, subject_id, names.RESEND, until)
        tx.on_commit(lambda: crash("web:after-commit"))
        return see_other(f"/{lang}/{SERVICE}/sent/{token}")

    return await submit(request, SUBSCRIBE, effect)


@router.get(f"{ROOT}/sent/{{token}}")
async def sent_page(request: Request, token: str) -> Response:
    """Say what happens next, how long the link lives, and how to get the mail again."""
    return render_form(
        request, RESEND, reference=reference(REFERENCE, token), hours=hours_of(configured())
    )


@router.get(f"{ROOT}/sent/{{token}}/again")
async def sent_again_page(request: Request, token: str) -> Response:
    """Say that the mail comes again."""
    return render_form(
        request,
        RESEND,
        reference=reference(REFERENCE, token),
        hours=hours_of(configured()),
        sent_again=True,
    )


@router.post(f"{ROOT}/sent/{{token}}")
async def resend(request: Request, token: str) -> Response:
    """Queue the mail again; the links of earlier ones stay good."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, subject_id = await find_token(tx, token, names.RESEND)
        pending = subject_id and await store.find_pending(tx, subject_id)
        # One in the queue is enough: the quota lets the next go after ten minutes.
        if pending and not await store.confirmation_waits(tx, pending.subject_id):
            await _queue_confirmation(tx, pending)
        return see_other(f"/{language(request)}/{SERVICE}/sent/{token}/again")

    return await submit(request, RESEND, effect)


@router.get(f"{ROOT}/confirm/{{token}}")
async def confirm_page(request: Request, token: str) -> Response:
    """Show one button; scanners that follow links confirm nothing."""
    async with transaction(request, SERVICE) as tx:
        state, subject_id = await find_token(tx, token, names.CONFIRM)
        waits = subject_id is not None and await store.find_pending(tx, subject_id) is not None
    if state is TokenState.USED:
        return render(request, f"{SERVICE}/used.html")
    if not waits:
        raise UnknownToken
    return render_form(request, CONFIRM)


@router.post(f"{ROOT}/confirm/{{token}}")
async def confirm(request: Request, token: str) -> Response:
    """Confirm a sign-up from the mailed link (double opt-in, GDPR Art. 7(1))."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        state, _ = await find_token(tx, token, names.CONFIRM)
        if state is TokenState.USED:
            return render(request, f"{SERVICE}/used.html")
        undo = await _subscribe(tx, await use_token(tx, token, names.CONFIRM))
        return see_other(f"/{language(request)}/{SERVICE}/confirmed/{undo}")

    return await submit(request, CONFIRM, effect)


async def _subscribe(tx: Transaction, subject_id: UUID) -> str:
    pending = await store.find_pending(tx, subject_id)
    if pending is None:
        raise UnknownToken
    await lock_text(tx, pending.email)
    taken = await store.take_pending(tx, subject_id)
    subscriber, consent = rules.confirm(taken, uuid4(), tx.now, configured().doi_ttl)
    present = await store.subscribed_at(tx, subscriber.email)
    if present is not None:
        await endings.replace(tx, present)
    await store.add_subscriber(tx, subscriber, consent)
    tx.tell(consent.granted())
    await clear_deadline(tx, subject_id, UNCONFIRMED)
    await post(
        tx,
        kind=WELCOME,
        template=WELCOME,
        language=subscriber.language,
        subject_id=subject_id,
        give_up_at=tx.now + WELCOME_GIVE_UP,
    )
    return await new_token(tx, subject_id, names.UNSUBSCRIBE, tx.now + LINK_LIFE)


@router.get(f"{ROOT}/confirmed/{{token}}")
async def confirmed_page(request: Request, token: str) -> Response:
    """Say that it worked, with a way to undo it."""
    return render(
        request, f"{SERVICE}/confirmed.html", token=token, reference=reference(REFERENCE, token)
    )


async def _queue_confirmation(tx: Transaction, pending: Pending) -> None:
    await post(
        tx,
        kind=names.CONFIRM,
        template=names.CONFIRM,
        language=pending.language,
        subject_id=pending.subject_id,
        give_up_at=pending.submitted_at + configured().doi_ttl,
    )
