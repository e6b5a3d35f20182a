"""After that: unsubscribe, change one's details, see what was agreed to."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.newsletter import endings, store
from services.newsletter import settings as names
from services.newsletter.forms import (
    ONE_CLICK,
    PREFERENCES,
    RENEW,
    UNSUBSCRIBE,
)
from services.newsletter.pages import wording_text
from services.newsletter.settings import (
    SERVICE,
)
from shared.database import Transaction
from shared.errors import UnknownToken
from shared.mail import masked
from shared.slice import consents_of, renew_ticked, renewal
from shared.web import (
    Values,
    find_token,
    is_caught_up,
    language,
    render,
    render_form,
    require_caught_up,
    see_other,
    submit,
    transaction,
    web_of,
)

router = APIRouter()
ROOT = f"/{{lang}}/{SERVICE}"


@router.get(f"{ROOT}/unsubscribe/{{token}}")
async def unsubscribe_page(request: Request, token: str) -> Response:
    """Show one button and half of the address: the mail may have been forwarded (R-NL-06)."""
    async with transaction(request, SERVICE) as tx:
        caught_up = await is_caught_up(tx)
        _, subject_id = await find_token(tx, token, names.UNSUBSCRIBE)
        pending = subject_id and await store.find_pending(tx, subject_id)
        found = subject_id and (await store.find_subscriber(tx, subject_id) or pending)
    if not found:
        return render(request, f"{SERVICE}/gone.html", status=404)
    # Leaving never has to wait; what is held of the person is shown only once caught up.
    if not caught_up:
        return render_form(request, UNSUBSCRIBE, pending=bool(pending))
    return render_form(request, UNSUBSCRIBE, masked=masked(found.email), pending=bool(pending))


@router.post(f"{ROOT}/unsubscribe/{{token}}")
async def unsubscribe(request: Request, token: str) -> Response:
    """End a subscription or a sign-up: from the page, or with one click (RFC 8058).

    A mail program gets a plain 200 and no redirection (section 3.1), also for the second click.
    """

    async def effect(tx: Transaction, values: Values) -> Response:
        method = Method.PAGE if values.get(ONE_CLICK) is None else Method.ONE_CLICK
        _, subject_id = await find_token(tx, token, names.UNSUBSCRIBE)
        if subject_id is not None:
            await endings.withdraw(tx, subject_id, method)
        if method is Method.ONE_CLICK:
            return Response()
        return see_other(f"/{language(request)}/{SERVICE}/unsubscribed")

    return await submit(request, UNSUBSCRIBE, effect)


@router.get(f"{ROOT}/unsubscribed")
async def unsubscribed_page(request: Request) -> Response:
    """Say that it is over, and how to come back: as a stranger."""
    return render(request, f"{SERVICE}/unsubscribed.html")


@router.get(f"{ROOT}/preferences/{{token}}")
@router.get(f"{ROOT}/preferences/{{token}}/saved")
async def preferences_page(request: Request, token: str) -> Response:
    """Show names and language as they are, to change them."""
    async with transaction(request, SERVICE) as tx:
        await require_caught_up(tx)
        _, subject_id = await find_token(tx, token, names.PREFERENCES)
        subscriber = subject_id and await store.find_subscriber(tx, subject_id)
        consents = await consents_of(tx, subject_id) if subject_id else {}
    if not subscriber:
        return render(request, f"{SERVICE}/gone.html", status=404)
    stored = {
        "first_name": subscriber.first_name or "",
        "last_name": subscriber.last_name or "",
        "language": subscriber.language,
    }
    saved = request.url.path.endswith("/saved")
    anew = renewal(request, RENEW, consents)
    return render_form(request, PREFERENCES, values=stored, saved=saved, renewal=anew)


@router.post(f"{ROOT}/preferences/{{token}}")
async def preferences(request: Request, token: str) -> Response:
    """Replace names and language; what was there before is gone (R-ACC-08's meaning)."""

    async def effect(tx: Transaction, values: Values) -> Response:
        _, subject_id = await find_token(tx, token, names.PREFERENCES)
        if subject_id is None or await store.find_subscriber(tx, subject_id) is None:
            raise UnknownToken
        await store.change_preferences(
            tx,
            subject_id,
            values.get("first_name"),
            values.get("last_name"),
            values["language"],
        )
        return see_other(f"/{values['language']}/{SERVICE}/preferences/{token}/saved")

    return await submit(request, PREFERENCES, effect)


@router.post(RENEW.action)
async def renew(request: Request, token: str) -> Response:
    """Agree to the words in force, in the place of older ones that changed (R-POL-01)."""

    async def effect(tx: Transaction, values: Values) -> Response:
        _, subject_id = await find_token(tx, token, names.PREFERENCES)
        if subject_id is None or await store.find_subscriber(tx, subject_id) is None:
            raise UnknownToken
        await renew_ticked(request, tx, subject_id, values)
        return see_other(f"/{language(request)}/{SERVICE}/preferences/{token}/saved")

    return await submit(request, RENEW, effect)


@router.get(f"{ROOT}/consent/{{consent_id}}")
async def consent_page(request: Request, consent_id: str) -> Response:
    """Show what somebody agreed to, by the id that only they were told (R-NL-09)."""
    try:
        wanted = UUID(consent_id)
    except ValueError:
        raise UnknownToken from None
    async with transaction(request, SERVICE) as tx:
        await require_caught_up(tx)
        consent = await store.find_consent(tx, wanted)
    if consent is None:
        return render(request, f"{SERVICE}/no_consent.html", status=404, consent_id=wanted)
    wordings = web_of(request).pages.wordings[SERVICE]
    return render(
        request,
        f"{SERVICE}/consent.html",
        consent=consent,
        text=wording_text(wordings, consent),
        counts=wordings.counts(consent.wording, consent.wording_version),
    )
