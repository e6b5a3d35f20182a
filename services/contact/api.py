"""The public pages: write, write again, take it back. A GET never changes anything."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.contact import handling, store
from services.contact.forms import BASE, END, FOLLOW, MESSAGE, RENEW
from services.contact.rules import Case
from services.contact.settings import (
    CASE_LINK,
    LINK_LIFE,
    PURPOSE,
    REFERENCE,
    SENT_LINK,
    SERVICE,
)
from shared.crash import crash
from shared.database import Transaction
from shared.errors import UnknownToken
from shared.slice import begin_subject, consents_of, grant, renew_ticked, renewal
from shared.web import (
    TokenState,
    Values,
    find_token,
    language,
    new_token,
    reference,
    render,
    render_form,
    require_caught_up,
    see_other,
    submit,
    transaction,
    web_of,
)
from shared.web.routes import PlainRoute

router = APIRouter(route_class=PlainRoute)


@router.get(MESSAGE.action)
async def message_page(request: Request) -> Response:
    """Show the form, with the policy, the declaration and a sum to add."""
    return render_form(request, MESSAGE)


@router.post(MESSAGE.action)
async def message(request: Request) -> Response:
    """Make a case of what was sent; its consent is the pressed button (R-CT-02).

    The same rows are written whether the address is known or not, and nothing is looked up.
    """
    lang = language(request)
    button = web_of(request).pages.texts[SERVICE].get(lang, "forms.message.button")

    async def effect(tx: Transaction, values: Values) -> Response:
        subject_id = await begin_subject(tx)
        token = await new_token(tx, subject_id, SENT_LINK, tx.now + LINK_LIFE)
        case = Case(
            subject_id=subject_id,
            reference=reference(REFERENCE, token),
            email=values["email"],
            company=values.get("company"),
            telephone=values.get("telephone"),
            language=lang,
            button=button,
            asked_at=tx.now,
            answered_at=None,
            ended_at=None,
        )
        await handling.begin(tx, case, values["message"])
        wording = values.granted["consent"]
        await grant(tx, subject_id, PURPOSE, wording, form=MESSAGE.name, method=Method.FORM)
        tx.on_commit(lambda: crash("web:after-commit"))
        return see_other(f"/{lang}/{SERVICE}/sent/{token}")

    return await submit(request, MESSAGE, effect)


@router.get(f"{BASE}/sent/{{token}}")
async def sent_page(request: Request, token: str) -> Response:
    """Say that the message arrived: only once it did, since the link is stored with it (R-CT-05).

    Raises UnknownToken.
    """
    async with transaction(request, SERVICE) as tx:
        state, _ = await find_token(tx, token, SENT_LINK)
    if state is TokenState.UNKNOWN:
        raise UnknownToken
    return render(request, f"{SERVICE}/sent.html", reference=reference(REFERENCE, token))


async def _case_of(tx: Transaction, token: str) -> Case | None:
    _, subject_id = await find_token(tx, token, CASE_LINK)
    return await store.find_case(tx, subject_id) if subject_id else None


@router.get(FOLLOW.action)
@router.get(f"{FOLLOW.action}/renewed")
async def follow_page(request: Request, token: str) -> Response:
    """Show a form to write again. It shows nothing that was written: mails are forwarded.

    While the words of the consent wait to be renewed it asks for that instead (R-POL-01).
    """
    async with transaction(request, SERVICE) as tx:
        await require_caught_up(tx)
        case = await _case_of(tx, token)
        consents = await consents_of(tx, case.subject_id) if case else {}
    if case is None:
        return render(request, f"{SERVICE}/gone.html", status=404)
    renewed = request.url.path.endswith("/renewed")
    return render_form(request, FOLLOW, renewal=renewal(request, RENEW, consents), renewed=renewed)


@router.post(RENEW.action)
async def renew(request: Request, token: str) -> Response:
    """Agree to the words in force, in the place of older ones that changed (R-POL-01)."""

    async def effect(tx: Transaction, values: Values) -> Response:
        case = await _case_of(tx, token)
        if case is None:
            raise UnknownToken
        renewed = await renew_ticked(request, tx, case.subject_id, values)
        then = "/renewed" if renewed else ""
        return see_other(f"/{language(request)}/{SERVICE}/case/{token}{then}")

    return await submit(request, RENEW, effect)


@router.post(FOLLOW.action)
async def follow(request: Request, token: str) -> Response:
    """Add a letter to a case: it is open again. Raises UnknownToken, CaseOver, MustAgreeAnew."""

    async def effect(tx: Transaction, values: Values) -> Response:
        case = await _case_of(tx, token)
        if case is None:
            raise UnknownToken
        wordings = web_of(request).pages.wordings[SERVICE]
        await handling.ask_again(tx, case.subject_id, values["message"], wordings)
        return see_other(f"/{language(request)}/{SERVICE}/case/{token}/sent")

    return await submit(request, FOLLOW, effect)


@router.get(f"{FOLLOW.action}/sent")
async def followed_page(request: Request, token: str) -> Response:
    """Say that the further letter arrived."""
    async with transaction(request, SERVICE) as tx:
        case = await _case_of(tx, token)
    if case is None:
        return render(request, f"{SERVICE}/gone.html", status=404)
    return render(request, f"{SERVICE}/sent.html", reference=case.reference)


@router.get(END.action)
async def end_page(request: Request, token: str) -> Response:
    """Show one button; opening the link ends nothing."""
    async with transaction(request, SERVICE) as tx:
        case = await _case_of(tx, token)
    if case is None:
        return render(request, f"{SERVICE}/gone.html", status=404)
    return render_form(request, END)


@router.post(END.action)
async def end(request: Request, token: str) -> Response:
    """Take the consent back: handling stops, everything is deleted, answered or not (R-CT-08)."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, subject_id = await find_token(tx, token, CASE_LINK)
        if subject_id is not None:
            await handling.withdraw(tx, subject_id)
        return see_other(f"/{language(request)}/{SERVICE}/ended")

    return await submit(request, END, effect)


@router.get(f"{BASE}/ended")
async def ended_page(request: Request) -> Response:
    """Say that it is over."""
    return render(request, f"{SERVICE}/ended.html")
