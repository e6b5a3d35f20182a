"""The events slice's mails: whom a queued mail is for now, and what it says to them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from contracts.vocabulary import Method
from services.events import settings as names
from services.events.endings import seat_link, settle_again
from services.events.limits import limits
from services.events.reading import title
from services.events.rules.ending import SeatState, may_be_invited
from services.events.rules.gathering import Gathering, Slot, State
from services.events.rules.seat import Seat
from services.events.rules.survey import Channel
from services.events.settings import LINK_LIFE, MATERIAL, SERVICE, SURVEY
from services.events.store import gatherings, seats, surveys
from shared.database import Transaction
from shared.mail import Attachment, Delivery, Mail, Post, Sender, mail_environment
from shared.parameters import duration
from shared.slice import consent_receipt, consents_of, is_restricted, still_counting
from shared.web.language import Language, span
from shared.web.tokens import new_token
from shared.web.wordings import Wordings

TEMPLATES: Final = Path(__file__).with_name("templates") / "mail"
WITH_PROOF: Final = frozenset({names.BOOKED, names.WAITING})
STANDING: Final = frozenset({names.BOOKED, names.WAITING, names.MOVED_UP, names.MOVED})

Resolve = Callable[[Transaction, Seat, Gathering], Awaitable[Delivery | None]]


@dataclass(frozen=True)
class Mails:
    """Resolves the slice's queued mails; `public_url` is what links begin with."""

    public_url: str
    wordings: Wordings

    def post(self, sender: Sender) -> Post:
        """Say how this service's mails are made."""
        return Post(
            environment=mail_environment(str(TEMPLATES)),
            resolve=self.resolve,
            sender=sender,
            once=frozenset({names.ASK}),
            limited=frozenset({names.CONFIRM}),
            sent=sent,
            given_up=given_up,
        )

    async def resolve(self, tx: Transaction, mail: Mail) -> Delivery | None:
        """Give a queued mail's address and contents, or None if nobody is to get it now.

        Links are made here and exist in the mail alone; the database has their digests.
        """
        seat = await seats.find(tx, mail.subject_id) if mail.subject_id else None
        gathering = await gatherings.find(tx, seat.gathering_id) if seat else None
        if seat is None or gathering is None:
            return None
        if mail.kind in STANDING:
            return await self._standing(tx, mail.kind, seat, gathering)
        makers: Mapping[str, Resolve] = {
            names.CONFIRM: self._confirm,
            names.CANCELLED: self._cancelled,
            names.CHANGED: self._changed,
            names.ASK: self._ask,
            names.READ: self._read,
        }
        return await makers[mail.kind](tx, seat, gathering)

    async def _confirm(self, tx: Transaction, seat: Seat, gathering: Gathering) -> Delivery | None:
        """Ask for the click. No name, no text of the form; only the mailbox's reader learns more.

        Whether the address is registered already is found out here, not at the form.
        """
        if seat.state is not SeatState.PENDING:
            return None
        subject, until = seat.subject_id, seat.submitted_at + limits().doi_ttl
        already = await seats.booked_at(tx, seat.gathering_id, seat.person.email, subject)
        confirm = await new_token(tx, subject, names.CONFIRM_LINK, until)
        cancel = await new_token(tx, subject, names.SEAT_LINK, until)
        return Delivery(
            seat.person.email,
            {
                **_about(seat, gathering),
                "confirm": self._link(seat, "confirm", confirm),
                "cancel": self._link(seat, "seat", cancel, "/cancel"),
                "hours": round(limits().doi_ttl / timedelta(hours=1)),
                "minutes": round(duration("SEAT_HOLD") / timedelta(minutes=1)),
                "already": already,
            },
        )

    async def _standing(
        self, tx: Transaction, kind: str, seat: Seat, gathering: Gathering
    ) -> Delivery | None:
        """Tell where a confirmed registration stands; the first time with the proof of consent."""
        if seat.state is SeatState.PENDING or gathering.state is not State.PLANNED:
            return None
        return Delivery(
            seat.person.email,
            {**_about(seat, gathering), "seat": await self._seat_link(tx, seat)},
            attachments=await _proofs(tx, seat) if kind in WITH_PROOF else (),
        )

    async def _cancelled(
        self, _tx: Transaction, seat: Seat, gathering: Gathering
    ) -> Delivery | None:
        """Tell that there will be no gathering; then the data goes."""
        if gathering.state is not State.CANCELLED or seat.state is SeatState.PENDING:
            return None
        return Delivery(seat.person.email, _about(seat, gathering))

    async def _changed(self, tx: Transaction, seat: Seat, gathering: Gathering) -> Delivery | None:
        """Tell that the account was changed and the registration was not (R-ACC-10).

        Which fields, the page says: whoever else reads this mailbox learns less of the person.
        """
        if gathering.state is State.CANCELLED or seat.state is SeatState.PENDING:
            return None
        values = {**_about(seat, gathering), "seat": await self._seat_link(tx, seat)}
        return Delivery(seat.person.email, values)

    async def _ask(self, tx: Transaction, seat: Seat, gathering: Gathering) -> Delivery | None:
        """Ask for an opinion, after looking again whether this person may be asked (R-EV-12)."""
        restricted = await is_restricted(tx, seat.subject_id)
        if not may_be_invited(
            seat.facts, gathering.course, limits(), tx.now, restricted=restricted
        ) or not await self._counts(tx, seat, SURVEY):
            return None
        survey = await new_token(tx, seat.subject_id, names.SURVEY_LINK, tx.now + LINK_LIFE)
        stop = self._link(seat, "seat", await self._token(tx, seat), "/no-survey")
        return Delivery(
            seat.person.email,
            {
                **_about(seat, gathering),
                "survey": self._link(seat, "survey", survey),
                "days": limits().survey_window.days,
                "unsubscribe": stop,
            },
            unsubscribe=stop,
        )

    async def _read(self, tx: Transaction, seat: Seat, gathering: Gathering) -> Delivery | None:
        """Send what the answers ask for, if it is still agreed to: links, no files (R-EV-07)."""
        readings = await surveys.owed_by_mail(tx, seat.subject_id)
        if (
            Channel.EMAIL not in seat.channels
            or not readings
            or await is_restricted(tx, seat.subject_id)
            or not await self._counts(tx, seat, MATERIAL)
        ):
            return None
        stop = self._link(seat, "seat", await self._token(tx, seat), "/no-material")
        return Delivery(
            seat.person.email,
            {
                **_about(seat, gathering),
                "readings": [
                    {
                        "title": title(name, seat.language),
                        "link": self._link(seat, "reading", name),
                    }
                    for name in readings
                ],
                "unsubscribe": stop,
            },
            unsubscribe=stop,
        )

    async def _counts(self, tx: Transaction, seat: Seat, purpose: str) -> bool:
        """Say whether a declaration's words still count: asked at send time (R-POL-01)."""
        return purpose in still_counting(await consents_of(tx, seat.subject_id), self.wordings)

    async def _token(self, tx: Transaction, seat: Seat) -> str:
        return await seat_link(tx, seat.subject_id)

    async def _seat_link(self, tx: Transaction, seat: Seat) -> str:
        return self._link(seat, "seat", await self._token(tx, seat))

    def _link(self, seat: Seat, what: str, secret: str, then: str = "") -> str:
        return f"{self.public_url.rstrip('/')}/{seat.language}/{SERVICE}/{what}/{secret}{then}"


def _about(seat: Seat, gathering: Gathering) -> dict[str, object]:
    """Give what most mails say; the name only once the address was confirmed."""
    known = seat.state is not SeatState.PENDING
    person = seat.person
    return {
        "gathering": gathering.title(seat.language),
        "place": gathering.place,
        "dates": [shown(slot, Language(seat.language)) for slot in gathering.slots],
        "name": f"{person.first_name} {person.last_name}" if known else "",
    }


def shown(slot: Slot, language: Language) -> str:
    """Write a date in words, with its zone."""
    return span(slot.starts_at, slot.ends_at, language)


async def _proofs(tx: Transaction, seat: Seat) -> tuple[Attachment, ...]:
    """Give each declaration as a file of its own: evidence that only the person holds."""
    return tuple(
        replace(
            consent_receipt(consent, Method.DOUBLE_OPT_IN),
            name=f"consent-{consent.purpose.replace('.', '-')}.json",
        )
        for consent in (await consents_of(tx, seat.subject_id)).values()
    )


async def sent(tx: Transaction, mail: Mail) -> None:
    """Note that somebody was told, or that reading material was handed over (R-EV-07)."""
    if mail.subject_id is None:
        return
    if mail.kind == names.CANCELLED:
        await seats.note_told(tx, mail.subject_id)
    elif mail.kind == names.READ:
        readings = await surveys.owed_by_mail(tx, mail.subject_id)
        await surveys.hand_over(tx, [mail.subject_id], Channel.EMAIL, readings)
    else:
        return
    await settle_again(tx, mail.subject_id)


async def given_up(tx: Transaction, mail: Mail) -> None:
    """Note who cannot be told that a gathering is cancelled; unsent material waits for its end."""
    if mail.kind == names.CANCELLED and mail.subject_id is not None:
        await note_untold(tx, mail.subject_id)


async def note_untold(tx: Transaction, subject_id: UUID) -> None:
    """Let the data of somebody who cannot be reached go as well."""
    await seats.note_told(tx, subject_id)
    await settle_again(tx, subject_id)
