"""Registering: the form, the mail that was sent, the link that confirms."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.events import settings as names
from services.events.endings import seat_link, settle_again
from services.events.forms import CONFIRM, REGISTER, RESEND
from services.events.limits import limits
from services.events.pages import REFERENCE, ROOT, described, path_of, wanted, windows
from services.events.rules.ending import SeatState, ending
from services.events.rules.gathering import Gathering
from services.events.rules.seat import (
    DECLARED,
    PERSON_NAMES,
    Declared,
    NotOpen,
    Person,
    Seat,
    faults,
)
from services.events.settings import END, MAIL_GIVE_UP, SEAT_HOLD, SERVICE
from services.events.store import gatherings, seats
from services.events.writing import write_to
from shared.crash import crash
from shared.database import Transaction
from shared.deadlines import clear_deadline, set_deadline
from shared.errors import UnknownToken
from shared.mail import post
from shared.parameters import duration
from shared.slice import begin_subject, grant
from shared.web import (
    FormRefused,
    Language,
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
from shared.web.account import account_of
from shared.web.wordings import Wording

router = APIRouter()


@router.get(REGISTER.action)
async def register_page(request: Request, gathering: str) -> Response:
    """Show the form, prefilled for somebody who is signed in (R-EV-01); empty for all others."""
    async with transaction(request, SERVICE) as tx:
        found = await wanted(tx, gathering)
        if not found.is_open(tx.now):
            raise NotOpen
    return render_form(
        request,
        REGISTER,
        values=await account_of(request, SERVICE),
        gathering=described(found, language(request)),
        **windows(),
    )


@router.post(REGISTER.action)
async def register(request: Request, gathering: str) -> Response:
    """Store a registration that waits for its link, and queue its one mail (R-EV-11).

    The same rows are written whether the address is known or not. Declarations that are ticked are
    remembered; they become consents once the link is confirmed.
    """

    async def effect(tx: Transaction, values: Values) -> Response:
        if codes := faults(values.fields, material="material" in values.granted):
            raise FormRefused(REGISTER, _typed(values), codes)
        found = await wanted(tx, gathering)
        if not found.is_open(tx.now):
            raise NotOpen
        subject_id = await begin_subject(tx)
        token = await new_token(tx, subject_id, names.RESEND_LINK, tx.now + limits().doi_ttl)
        await _queue_confirmation(tx, subject_id, language(request), tx.now + limits().doi_ttl)
        # Last, since everybody who wants a seat here waits for the one row until the commit.
        counting = _counting(request)
        blocks = await gatherings.take_seat(tx, found.gathering_id, passing=counting)
        seat = _seat(subject_id, found, values, language(request), tx, blocks=blocks)
        await seats.add(tx, seat, _declared(values))
        await set_deadline(tx, subject_id, END, ending(seat.facts, found.course, limits()).at)
        if blocks:
            await set_deadline(tx, subject_id, SEAT_HOLD, tx.now + duration("SEAT_HOLD"))
        tx.on_commit(lambda: crash("web:after-commit"))
        return see_other(path_of(request, "sent", token))

    return await submit(request, REGISTER, effect)


def _counting(request: Request) -> list[str]:
    """Name the wordings whose consents count: who waits on others keeps nobody waiting."""
    return web_of(request).pages.wordings[SERVICE].counting()


def _typed(values: Values) -> dict[str, str]:
    """Turn values back into what was typed, for the form that comes back."""
    ticked = {name: wording.sha256 for name, wording in values.granted.items()}
    return {**values.fields, **ticked, "form_id": values.form_id}


def _seat(
    subject_id: UUID,
    gathering: Gathering,
    values: Values,
    lang: Language,
    tx: Transaction,
    *,
    blocks: bool,
) -> Seat:
    person = Person(**{name: values.get(name) for name in PERSON_NAMES})  # type: ignore[arg-type]
    return Seat(
        subject_id=subject_id,
        gathering_id=gathering.gathering_id,
        state=SeatState.PENDING,
        person=person,
        language=lang,
        form=REGISTER.name,
        blocks=blocks,
        by_email=values.get("by_email") is not None,
        by_post=values.get("by_post") is not None,
        submitted_at=tx.now,
    )


def _declared(values: Values) -> list[Declared]:
    return [
        Declared(DECLARED[name], wording.id, wording.version, wording.sha256)
        for name, wording in values.granted.items()
    ]


@router.get(f"{ROOT}/sent/{{token}}")
async def sent_page(request: Request, token: str) -> Response:
    """Say what happens next, how long the link lives, and how to get the mail again."""
    return render_form(request, RESEND, reference=reference(REFERENCE, token), **windows())


@router.get(f"{ROOT}/sent/{{token}}/again")
async def sent_again_page(request: Request, token: str) -> Response:
    """Say that the mail comes again."""
    return render_form(
        request, RESEND, reference=reference(REFERENCE, token), sent_again=True, **windows()
    )


@router.post(RESEND.action)
async def resend(request: Request, token: str) -> Response:
    """Queue the mail again; the links of earlier ones stay good."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        _, subject_id = await find_token(tx, token, names.RESEND_LINK)
        seat = await seats.find(tx, subject_id) if subject_id else None
        pending = seat is not None and seat.state is SeatState.PENDING
        # One in the queue is enough: the quota lets the next go after ten minutes.
        if seat and pending and not await seats.mail_waits(tx, seat.subject_id, names.CONFIRM):
            until = seat.submitted_at + limits().doi_ttl
            await _queue_confirmation(tx, seat.subject_id, Language(seat.language), until)
        return see_other(path_of(request, "sent", token, "again"))

    return await submit(request, RESEND, effect)


@router.get(CONFIRM.action)
async def confirm_page(request: Request, token: str) -> Response:
    """Show one button; scanners that follow links confirm nothing."""
    async with transaction(request, SERVICE) as tx:
        state, subject_id = await find_token(tx, token, names.CONFIRM_LINK)
        seat = await seats.find(tx, subject_id) if subject_id else None
    if state is TokenState.USED:
        return render(request, f"{SERVICE}/used.html")
    if seat is None:
        raise UnknownToken
    return render_form(request, CONFIRM)


@router.post(CONFIRM.action)
async def confirm(request: Request, token: str) -> Response:
    """Confirm a registration from the mailed link: a seat, or a place on the waiting list."""

    async def effect(tx: Transaction, _values: Values) -> Response:
        state, _ = await find_token(tx, token, names.CONFIRM_LINK)
        if state is TokenState.USED:
            return render(request, f"{SERVICE}/used.html")
        subject_id = await use_token(tx, token, names.CONFIRM_LINK)
        await _book(tx, subject_id, _counting(request))
        link = await seat_link(tx, subject_id)
        return see_other(path_of(request, "seat", link, "confirmed"))

    return await submit(request, CONFIRM, effect)


async def _book(tx: Transaction, subject_id: UUID, counting: Sequence[str]) -> None:
    """Book a pending seat, or let it wait; what was ticked becomes consents (R-EV-04, R-EV-11)."""
    seat = await seats.lock(tx, subject_id)
    if seat is None or tx.now - seat.submitted_at > limits().doi_ttl:
        raise UnknownToken
    gathering = await gatherings.find(tx, seat.gathering_id)
    if gathering is None or not gathering.is_open(tx.now):
        raise NotOpen
    booked = seat.blocks or await gatherings.take_seat(tx, seat.gathering_id, passing=counting)
    state = SeatState.BOOKED if booked else SeatState.WAITING
    if not await seats.confirm(tx, subject_id, state, blocks=booked):
        raise UnknownToken
    for one in await seats.take_declared(tx, subject_id):
        # Its text is on the disk under this digest, or was: the evidence is the digest.
        wording = Wording(
            one.wording, one.wording_version, Language(seat.language), "", one.wording_sha256
        )
        await grant(
            tx, subject_id, one.purpose, wording, form=seat.form, method=Method.DOUBLE_OPT_IN
        )
    await clear_deadline(tx, subject_id, SEAT_HOLD)
    await settle_again(tx, subject_id)
    await write_to(tx, seat, names.BOOKED if booked else names.WAITING, tx.now + MAIL_GIVE_UP)


async def _queue_confirmation(
    tx: Transaction, subject_id: UUID, lang: Language, until: datetime
) -> None:
    await post(
        tx,
        kind=names.CONFIRM,
        template=names.CONFIRM,
        language=lang,
        subject_id=subject_id,
        give_up_at=until,
    )
