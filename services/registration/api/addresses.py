"""A change of address: the new one confirms first, the old one is told, links end (R-ACC-10)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import PersonField
from services.registration import rules
from services.registration import settings as names
from services.registration.api.changing import check_again
from services.registration.api.resetting import end_wish
from services.registration.api.session import keeping_typed, live_account, signed_in
from services.registration.forms import BASE, CHANGE_ADDRESS, NEW_ADDRESS
from services.registration.pages import hours_of
from services.registration.rectifying import publish
from services.registration.rules import AccountClosed, State
from services.registration.settings import MOVED, REPLACED, SERVICE, WISH_OVER
from services.registration.store import accounts, addresses
from services.registration.store.addresses import OtherAddress
from shared.database import Transaction
from shared.errors import UnknownToken
from shared.mail import masked, post
from shared.parameters import duration
from shared.slice import end_at, end_now, lock_text
from shared.web import (
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


@router.get(CHANGE_ADDRESS.action)
async def change_address_page(request: Request) -> Response:
    """Show the form."""
    async with transaction(request, SERVICE) as tx:
        await signed_in(request, tx)
    return render_form(request, CHANGE_ADDRESS)


@router.post(CHANGE_ADDRESS.action)
async def change_address(request: Request) -> Response:
    """Store the wish and mail a link to the new address; the account keeps the old one till then.

    Page and mail do not say whether another account has the new address.
    """
    values = await read_form(request, CHANGE_ADDRESS)
    lang = language(request)
    with keeping_typed(values):
        await check_again(request, CHANGE_ADDRESS, values)
        async with transaction(request, SERVICE) as tx:
            account = await live_account(request, tx)
            await end_wish(tx, account.subject_id)
            wish = await addresses.add_new_address(tx, account.subject_id, values["email"], lang)
            until = tx.now + duration("DOI_TTL")
            await end_at(tx, wish, WISH_OVER, until)
            await post(
                tx,
                kind=names.NEW_ADDRESS,
                template=names.NEW_ADDRESS,
                language=lang,
                subject_id=wish,
                give_up_at=until,
            )
    return see_other(f"/{lang}/{SERVICE}/address-sent")


@router.get(f"{BASE}/address-sent")
async def address_sent_page(request: Request) -> Response:
    """Say that the new address must confirm first."""
    hours = hours_of(duration("DOI_TTL"))
    return render(request, f"{SERVICE}/address_sent.html", hours=hours)


@router.get(NEW_ADDRESS.action)
async def new_address_page(request: Request, token: str) -> Response:
    """Show one button and half of the new address; who pressed it already sees what came of it."""
    async with transaction(request, SERVICE) as tx:
        state, subject_id = await find_token(tx, token, names.NEW_ADDRESS)
        wish = subject_id and await addresses.find_new_address(tx, subject_id)
    if state is TokenState.USED:
        return see_other(f"/{language(request)}/{SERVICE}/address-changed")
    if not wish:
        raise UnknownToken
    return render_form(request, NEW_ADDRESS, masked=masked(wish.email))


@router.post(NEW_ADDRESS.action)
async def new_address(request: Request, token: str) -> Response:
    """Give the account its new address, which somebody at it has just confirmed; once."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        if (await find_token(tx, token, names.NEW_ADDRESS))[0] is TokenState.USED:
            return see_other(f"/{language(request)}/{SERVICE}/address-changed")
        subject_id = await use_token(tx, token, names.NEW_ADDRESS)
        wish = await addresses.find_new_address(tx, subject_id)
        if wish is None:
            raise UnknownToken
        moved = await _move(tx, wish)
        page = "address-changed" if moved else "address-taken"
        return see_other(f"/{language(request)}/{SERVICE}/{page}")

    return await submit(request, NEW_ADDRESS, effect)


@router.get(f"{BASE}/address-changed")
async def address_changed_page(request: Request) -> Response:
    """Say that the account has its new address."""
    return render(request, f"{SERVICE}/address_changed.html", taken=False)


@router.get(f"{BASE}/address-taken")
async def address_taken_page(request: Request) -> Response:
    """Say to whom has the mailbox that another account has this address."""
    return render(request, f"{SERVICE}/address_changed.html", taken=True)


async def _move(tx: Transaction, wish: OtherAddress) -> bool:
    """Change the address, tell the old one, end open links. False: another account has it.

    Raises UnknownToken for an account that ended, AccountClosed for one that is restricted.
    """
    await lock_text(tx, wish.email)
    account = await accounts.find(tx, wish.account_id)
    state = rules.state_of(account)
    if state is State.RESTRICTED:
        raise AccountClosed
    if account is None or state is not State.LIVE:
        raise UnknownToken
    if await accounts.live_at(tx, wish.email) is not None:
        await end_wish(tx, account.subject_id)
        return False
    await addresses.take_new_address(tx, account.subject_id)
    await end_now(tx, wish.subject_id, WISH_OVER)
    await accounts.set_email(tx, account.subject_id, wish.email)
    await publish(tx, account.subject_id, [PersonField.EMAIL])
    await addresses.kill_tokens(tx, account.subject_id)
    former = await addresses.add_former(tx, account.subject_id, account.email, account.language)
    until = tx.now + duration("CHANGE_ERASE_SLA")
    await end_at(tx, former, REPLACED, until)
    await post(
        tx,
        kind=MOVED,
        template=MOVED,
        language=account.language,
        subject_id=former,
        give_up_at=until,
    )
    return True
