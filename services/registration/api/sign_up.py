"""Signing up: the form, the mail that was sent, the link that confirms."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.registration import rules
from services.registration import settings as names
from services.registration.api.session import PASSWORDS, keeping_typed
from services.registration.forms import BASE, CONFIRM, REFUSE, RESEND, SIGN_UP
from services.registration.pages import hours_of
from services.registration.presented import presented_policy
from services.registration.rules import Account, Declared, State
from services.registration.settings import GIVE_UP, SERVICE, UNCONFIRMED, WELCOME
from services.registration.store import accounts, policy
from shared.crash import crash
from shared.database import Transaction
from shared.deadlines import clear_deadline
from shared.errors import UnknownToken
from shared.mail import post
from shared.parameters import duration
from shared.slice import begin_subject, end_at, end_now, grant, lock_text
from shared.web import (
    FormRefused,
    TokenState,
    Values,
    find_token,
    language,
    new_token,
    read_form,
    reference,
    render,
    render_form,
    see_other,
    submit,
    transaction,
    use_token,
    web_of,
)

router = APIRouter()
REFERENCE: Final = "AC"


@router.get(SIGN_UP.action)
async def sign_up_page(request: Request) -> Response:
    """Show the form."""
    return render_form(request, SIGN_UP)


@router.post(SIGN_UP.action)
async def sign_up(request: Request) -> Response:
    """Store a pending account and queue its one mail (R-ACC-12).

    The same rows are written whether the address is known or not: page, headers and time say
    nothing. Whether there is an account already is found out when the mail is made.
    """
    lang = language(request)
    button = web_of(request).pages.texts[SERVICE].get(lang, "forms.sign-up.button")

    async def effect(tx: Transaction, values: Values) -> Response:
        subject_id, until = await begin_subject(tx), tx.now + duration("DOI_TTL")
        details = rules.details_of(values.fields)
        pending = Account(subject_id, values["email"], details, lang, tx.now)
        await accounts.add_pending(tx, pending)
        purposes = {one.name: one.purpose for one in SIGN_UP.declarations}
        given = [
            Declared(subject_id, purposes[name], wording.sha256, button, SIGN_UP.name)
            for name, wording in values.granted.items()
        ]
        await accounts.add_declared(tx, given)
        shown = presented_policy(lang, tx.now.date())
        await policy.note(tx, subject_id, [one.purpose for one in given], *shown)
        await end_at(tx, subject_id, UNCONFIRMED, until)
        await _queue_confirmation(tx, pending)
        token = await new_token(tx, subject_id, names.RESEND, until)
        tx.on_commit(lambda: crash("web:after-commit"))
        return see_other(f"/{lang}/{SERVICE}/sent/{token}")

    return await submit(request, SIGN_UP, effect)


@router.get(RESEND.action)
@router.get(f"{RESEND.action}/again")
async def sent_page(request: Request, token: str) -> Response:
    """Say what happens next, how long the link lives, and how to get the mail again."""
    return render_form(
        request,
        RESEND,
        reference=reference(REFERENCE, token),
        hours=hours_of(duration("DOI_TTL")),
        sent_again=request.url.path.endswith("/again"),
    )


@router.post(RESEND.action)
async def resend(request: Request, token: str) -> Response:
    """Queue the mail again; the links of earlier ones stay good."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, subject_id = await find_token(tx, token, names.RESEND)
        pending = subject_id and await accounts.find(tx, subject_id)
        if (
            pending
            and rules.state_of(pending) is State.PENDING
            and not await accounts.mail_waits(tx, pending.subject_id, names.CONFIRM)
        ):
            await _queue_confirmation(tx, pending)
        return see_other(f"/{language(request)}/{SERVICE}/sent/{token}/again")

    return await submit(request, RESEND, effect)


@router.get(CONFIRM.action)
async def confirm_page(request: Request, token: str) -> Response:
    """Show what was agreed to, and one field for the password; nothing is confirmed by looking."""
    async with transaction(request, SERVICE) as tx:
        state, account = await _waiting(tx, token)
        given = await accounts.find_declared(tx, account.subject_id) if account else []
    if state is TokenState.USED:
        return render(request, f"{SERVICE}/used.html")
    wordings = web_of(request).pages.wordings[SERVICE]
    texts = [wording.text for one in given if (wording := wordings.by_sha256(one.wording_sha256))]
    return render_form(request, CONFIRM, declared=texts)


@router.post(CONFIRM.action)
async def confirm(request: Request, token: str) -> Response:
    """Make an account of a sign-up, with the password chosen here (double opt-in, Art. 7(1)).

    The link is looked at first: hashing a password is too dear for links that nobody mailed.
    """
    values = await read_form(request, CONFIRM)
    with keeping_typed(values):
        async with transaction(request, SERVICE) as tx:
            state, account = await _waiting(tx, token)
        if state is TokenState.USED or account is None:
            return render(request, f"{SERVICE}/used.html")
        if code := rules.weakness(values["chosen"], account.email):
            raise FormRefused(CONFIRM, {}, {"chosen": code})
        hashed = await PASSWORDS.hash(values["chosen"])
        async with transaction(request, SERVICE) as tx:
            page = await _open(request, tx, await use_token(tx, token, names.CONFIRM), hashed)
    return see_other(f"/{language(request)}/{SERVICE}/{page}")


@router.get(f"{BASE}/confirmed")
async def confirmed_page(request: Request) -> Response:
    """Say that the account is there, and lead to signing in."""
    return render(request, f"{SERVICE}/confirmed.html")


@router.get(f"{BASE}/already")
async def already_page(request: Request) -> Response:
    """Say to whom has the mailbox that there is an account already."""
    return render(request, f"{SERVICE}/already.html")


@router.get(REFUSE.action)
async def refuse_page(request: Request, token: str) -> Response:
    """Show one button that deletes a sign-up."""
    async with transaction(request, SERVICE) as tx:
        state, _ = await find_token(tx, token, names.REFUSE)
    if state is not TokenState.LIVE:
        raise UnknownToken
    return render_form(request, REFUSE)


@router.post(REFUSE.action)
async def refuse(request: Request, token: str) -> Response:
    """Delete a sign-up that its mailbox did not want."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        subject_id = await use_token(tx, token, names.REFUSE)
        pending = await accounts.find(tx, subject_id)
        if rules.state_of(pending) is State.PENDING:
            await _end_pending(tx, subject_id)
        return see_other(f"/{language(request)}/{SERVICE}/refused")

    return await submit(request, REFUSE, effect)


@router.get(f"{BASE}/refused")
async def refused_page(request: Request) -> Response:
    """Say that the sign-up is being deleted."""
    return render(request, f"{SERVICE}/refused.html")


async def _waiting(tx: Transaction, token: str) -> tuple[TokenState, Account | None]:
    """Look a confirmation link up. Raises UnknownToken if nobody waits behind it."""
    state, subject_id = await find_token(tx, token, names.CONFIRM)
    if state is TokenState.USED:
        return state, None
    account = subject_id and await accounts.find(tx, subject_id)
    return state, rules.may_confirm(account or None, tx.now, duration("DOI_TTL"))


async def _open(request: Request, tx: Transaction, subject_id: UUID, hashed: str) -> str:
    """Confirm; gives the page that says so. An address that has an account keeps that one."""
    found = await accounts.find(tx, subject_id)
    account = rules.may_confirm(found, tx.now, duration("DOI_TTL"))
    await lock_text(tx, account.email)
    if await accounts.live_at(tx, account.email) is not None:
        await _end_pending(tx, subject_id)
        return "already"
    await accounts.confirm(tx, subject_id)
    await accounts.set_password(tx, subject_id, hashed)
    wordings = web_of(request).pages.wordings[SERVICE]
    for one in await accounts.take_declared(tx, subject_id):
        wording = wordings.by_sha256(one.wording_sha256)
        if wording is None:
            raise UnknownToken
        await grant(
            tx, subject_id, one.purpose, wording, form=one.form, method=Method.DOUBLE_OPT_IN
        )
    await clear_deadline(tx, subject_id, UNCONFIRMED)
    await post(
        tx,
        kind=WELCOME,
        template=WELCOME,
        language=account.language,
        subject_id=subject_id,
        give_up_at=tx.now + GIVE_UP,
    )
    return "confirmed"


async def _end_pending(tx: Transaction, subject_id: UUID) -> None:
    await accounts.end(tx, subject_id)
    await end_now(tx, subject_id, UNCONFIRMED)


async def _queue_confirmation(tx: Transaction, pending: Account) -> None:
    await post(
        tx,
        kind=names.CONFIRM,
        template=names.CONFIRM,
        language=pending.language,
        subject_id=pending.subject_id,
        give_up_at=pending.submitted_at + duration("DOI_TTL"),
    )
