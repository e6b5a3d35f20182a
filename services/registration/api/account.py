"""The account page: what is held, the two declarations, the signed-in browsers."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.registration import rules
from services.registration import settings as names
from services.registration.api.session import live_account, signed_in
from services.registration.forms import (
    ACCOUNT,
    AGREE,
    DISAGREE,
    END_SIGN_IN,
    ONE_CLICK,
    RENEW,
    SIGN_OUT,
    STOP,
)
from services.registration.limits import ends
from services.registration.presented import presented_policy
from services.registration.settings import PROMOTION, SERVICE
from services.registration.store import addresses, changes, policy, sign_ins
from shared.database import Transaction
from shared.disclosure import configured_recipients, disclosed_of
from shared.errors import UnknownToken
from shared.slice import consents_of, grant, renew_ticked, renewal, withdraw
from shared.web import (
    Values,
    find_token,
    language,
    render,
    render_form,
    see_other,
    submit,
    transaction,
    view_of,
    web_of,
)

router = APIRouter()


@router.get(ACCOUNT)
async def account_page(request: Request) -> Response:
    """Show everything that the account holds, with a way to change or end each of it."""
    async with transaction(request, SERVICE) as tx:
        this, account = await signed_in(request, tx)
        consents = await consents_of(tx, account.subject_id)
        browsers = await sign_ins.of_subject(tx, account.subject_id)
        changed_at = await changes.last(tx, account.subject_id)
        outdated = await changes.outdated_fields(tx, account.subject_id)
        passed_on = await disclosed_of(tx, account.subject_id)
        new_address = await addresses.waiting_address(tx, account.subject_id)
        now = tx.now
    wordings = web_of(request).pages.wordings[SERVICE]
    return render(
        request,
        f"{SERVICE}/account.html",
        account=account,
        details={name: getattr(account.details, name) or "" for name in rules.DETAILS},
        state=rules.state_of(account),
        declarations=[
            (one, getattr(wordings.by_sha256(one.wording_sha256), "text", ""))
            for one in consents.values()
        ],
        promoted=PROMOTION in consents,
        renewal=renewal(request, RENEW, consents),
        browsers=[one for one in browsers if rules.documents_end(one, ends()) > now],
        until={one.sign_in_id: rules.documents_end(one, ends()) for one in browsers},
        this=this.sign_in_id,
        changed_at=changed_at,
        outdated=outdated,
        new_address=new_address,
        passed_on=passed_on,
        recipients=configured_recipients(),
        agree=view_of(request, AGREE),
        disagree=view_of(request, DISAGREE),
        sign_out=view_of(request, SIGN_OUT),
        end_sign_in={
            one.sign_in_id: view_of(request, END_SIGN_IN, {"sign_in": str(one.sign_in_id)})
            for one in browsers
        },
    )


@router.post(AGREE.action)
async def agree(request: Request) -> Response:
    """Give declaration B (R-ACC-04); given twice it holds once."""
    lang = language(request)

    async def effect(tx: Transaction, values: Values) -> Response:
        account = await live_account(request, tx)
        subject_id = account.subject_id
        if PROMOTION not in await consents_of(tx, subject_id):
            wording = values.granted["promotion"]
            await grant(
                tx, subject_id, PROMOTION, wording, form=AGREE.name, method=Method.PREFERENCES
            )
            shown = presented_policy(lang, tx.now.date())
            await policy.note(tx, subject_id, [PROMOTION], *shown)
        return see_other(f"/{lang}/{SERVICE}/account")

    return await submit(request, AGREE, effect)


@router.post(DISAGREE.action)
async def disagree(request: Request) -> Response:
    """Take declaration B back; the account stays (R-ACC-07)."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, account = await signed_in(request, tx)
        await withdraw(tx, account.subject_id, PROMOTION, Method.PREFERENCES)
        return see_other(f"/{language(request)}/{SERVICE}/account")

    return await submit(request, DISAGREE, effect)


@router.post(RENEW.action)
async def renew(request: Request) -> Response:
    """Agree to the words in force, in the place of older ones that changed (R-POL-01)."""
    lang = language(request)

    async def effect(tx: Transaction, values: Values) -> Response:
        account = await live_account(request, tx)
        purposes = await renew_ticked(request, tx, account.subject_id, values)
        shown = presented_policy(lang, tx.now.date())
        await policy.note(tx, account.subject_id, purposes, *shown)
        return see_other(f"/{lang}/{SERVICE}/account")

    return await submit(request, RENEW, effect)


@router.get(STOP.action)
async def stop_page(request: Request, token: str) -> Response:
    """Show one button that ends the promotion mails."""
    async with transaction(request, SERVICE) as tx:
        _, subject_id = await find_token(tx, token, names.STOP)
    if subject_id is None:
        raise UnknownToken
    return render_form(request, STOP)


@router.post(STOP.action)
async def stop(request: Request, token: str) -> Response:
    """End the promotion mails: from the page, or with one click in the mail program (RFC 8058)."""

    async def effect(tx: Transaction, values: Values) -> Response:
        method = Method.PAGE if values.get(ONE_CLICK) is None else Method.ONE_CLICK
        _, subject_id = await find_token(tx, token, names.STOP)
        if subject_id is not None:
            await withdraw(tx, subject_id, PROMOTION, method)
        if method is Method.ONE_CLICK:
            return Response()
        return see_other(f"/{language(request)}/{SERVICE}/stopped")

    return await submit(request, STOP, effect)


@router.get(f"/{{lang}}/{SERVICE}/stopped")
async def stopped_page(request: Request) -> Response:
    """Say that no promotion is sent any more, and that the account stays."""
    return render(request, f"{SERVICE}/stopped.html")


@router.post(END_SIGN_IN.action)
async def end_sign_in(request: Request) -> Response:
    """End one signed-in browser of the account."""

    async def effect(tx: Transaction, values: Values) -> Response:
        _, account = await signed_in(request, tx)
        await tx.by_person()
        try:
            await sign_ins.end_one(tx, account.subject_id, UUID(values["sign_in"]))
        except ValueError:
            raise UnknownToken from None
        return see_other(f"/{language(request)}/{SERVICE}/account")

    return await submit(request, END_SIGN_IN, effect)
