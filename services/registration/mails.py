"""The mails of accounts: whom a queued mail is for now, and what it says to them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID

from markupsafe import Markup

from contracts.vocabulary import Method
from services.registration import rules
from services.registration import settings as names
from services.registration.issue import State as Delivered
from services.registration.pages import hours_of, minutes_of
from services.registration.rules import Account, State
from services.registration.settings import LEDGER, LINK_LIFE, PROMOTION, SERVICE, USE
from services.registration.store import accounts, addresses, promotions
from shared.database import Transaction
from shared.disclosure import objects
from shared.mail import Attachment, Delivery, Mail, Post, Sender, mail_environment
from shared.parameters import duration
from shared.saga import followed
from shared.saga.followed import FollowedMails
from shared.settings import Settings
from shared.slice import Consent, consent_receipt, consents_of
from shared.web import new_token
from shared.web.configuration import Controller
from shared.web.wordings import Wordings

TEMPLATES: Final = Path(__file__).with_name("templates") / "mail"


@dataclass(frozen=True)
class Mails:
    """Resolves the queued mails of accounts just before they are sent."""

    settings: Settings
    controller: Controller
    wordings: Wordings

    def post(self, sender: Sender) -> Post:
        """Say how this service's mails are made."""
        return Post(
            environment=mail_environment(str(TEMPLATES)),
            resolve=self.resolve,
            sender=sender,
            once=frozenset({names.ISSUE}),
            limited=frozenset({names.CONFIRM, names.RESET, names.NEW_ADDRESS}),
            sent=sent,
            given_up=given_up,
        )

    async def resolve(self, tx: Transaction, mail: Mail) -> Delivery | None:
        """Give a queued mail's address and contents, or None if nobody is to get it now.

        Links are made here and exist in the mail alone; the database has their digests.
        """
        if mail.subject_id is None:
            return await FollowedMails(self.settings, SERVICE, self.controller).resolve(tx, mail)
        makers = {
            names.CONFIRM: self._confirm,
            names.WELCOME: self._welcome,
            names.RESET: self._reset,
            names.NEW_PASSWORD: self._new_password,
            names.NEW_ADDRESS: self._new_address,
            names.MOVED: self._moved,
        }
        if mail.kind == names.ISSUE:
            return await self._issue(tx, mail, mail.subject_id)
        return await makers[mail.kind](tx, mail.subject_id)

    async def _confirm(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        """Ask for the click, or tell an address that has an account that it has (R-ACC-12).

        Only whoever reads the mailbox learns which. No name, no text of the form.
        """
        pending = await accounts.find(tx, subject_id)
        if pending is None or rules.state_of(pending) is not State.PENDING:
            return None
        lang, until = pending.language, pending.submitted_at + duration("DOI_TTL")
        refuse = await new_token(tx, subject_id, names.REFUSE, until)
        values: dict[str, object] = {
            "refuse": self._link(lang, "refuse", refuse),
            "hours": hours_of(duration("DOI_TTL")),
        }
        if await accounts.live_at(tx, pending.email) is not None:
            values |= {
                "sign_in": self._link(lang, "sign-in"),
                "reset": self._link(lang, "reset"),
            }
            return Delivery(pending.email, values, template=names.ALREADY)
        token = await new_token(tx, subject_id, names.CONFIRM, until)
        values["confirm"] = self._link(lang, "confirm", token)
        return Delivery(pending.email, values)

    async def _welcome(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        """Greet the holder of a new account; hand over the proof of each declaration (R-NL-09)."""
        account = await accounts.find(tx, subject_id)
        if account is None or rules.state_of(account) is not State.LIVE:
            return None
        consents = await consents_of(tx, subject_id)
        details, links = account.details, self._proofs(account.language, consents)
        return Delivery(
            account.email,
            {
                "name": " ".join(filter(None, (details.first_name, details.last_name))),
                "sign_in": self._link(account.language, "sign-in"),
                "use": links.get(USE, ""),
                "promotion": links.get(PROMOTION, ""),
            },
            attachments=tuple(_receipt(one, account) for one in consents.values()),
        )

    def _proofs(self, lang: str, consents: Mapping[str, Consent]) -> dict[str, str]:
        """Give by purpose the page of each consent, which outlives the account."""
        base = f"{self.settings.public_url.rstrip('/')}/{lang}/{LEDGER}/consents"
        return {purpose: f"{base}/{one.consent_id}" for purpose, one in consents.items()}

    async def _reset(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        """Mail a link if the address has an account; to others nothing goes (R-ACC-03)."""
        wish = await addresses.find_reset_wish(tx, subject_id)
        holder = wish and await accounts.live_at(tx, wish.email)
        if not wish or not holder:
            return None
        until = wish.asked_at + duration("RESET_TTL")
        token = await new_token(tx, holder, names.RESET, until)
        return Delivery(
            wish.email,
            {
                "link": self._link(wish.language, "reset", token),
                "minutes": minutes_of(duration("RESET_TTL")),
            },
        )

    async def _new_password(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        account = await accounts.find(tx, subject_id)
        if account is None or account.ended_at is not None:
            return None
        return Delivery(account.email, {"reset": self._link(account.language, "reset")})

    async def _new_address(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        """Ask the new address for its click, or tell it that it has an account of its own."""
        wish = await addresses.find_new_address(tx, subject_id)
        if wish is None:
            return None
        if await accounts.live_at(tx, wish.email) is not None:
            values = {"sign_in": self._link(wish.language, "sign-in")}
            return Delivery(wish.email, values, template="address-taken")
        until = wish.at + duration("DOI_TTL")
        token = await new_token(tx, subject_id, names.NEW_ADDRESS, until)
        return Delivery(
            wish.email,
            {
                "link": self._link(wish.language, "address", token),
                "hours": hours_of(duration("DOI_TTL")),
            },
        )

    async def _moved(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        """Tell the address that an account had (R-ACC-10)."""
        former = await addresses.find_former(tx, subject_id)
        account = former and await accounts.find(tx, former.account_id)
        if not former or not account:
            return None
        values = {"hours": hours_of(duration("CHANGE_ERASE_SLA"))}
        return Delivery(former.email, values)

    async def _issue(self, tx: Transaction, mail: Mail, subject_id: UUID) -> Delivery | None:
        """Look again, just before the delivery, whether declaration B still holds (R-ACC-06)."""
        promotion_id = UUID(mail.parameters["promotion_id"])
        account = await accounts.find(tx, subject_id)
        agreed = (await consents_of(tx, subject_id)).get(PROMOTION)
        if await objects(tx, (subject_id,), PROMOTION):
            agreed = None
        wanted = rules.may_receive(
            account,
            (agreed.wording, agreed.wording_version) if agreed else None,
            queued=await promotions.is_queued(tx, promotion_id, subject_id),
            counts=self.wordings.counts,
        )
        text = await promotions.text_of(tx, promotion_id, account.language if account else "")
        if account is None or text is None or not wanted:
            await promotions.note(tx, promotion_id, subject_id, Delivered.SKIPPED)
            return None
        token = await new_token(tx, subject_id, names.STOP, tx.now + LINK_LIFE)
        stop = self._link(account.language, "stop", token)
        return Delivery(
            account.email,
            # The text was checked when the promotion was read: no image, no raw HTML.
            {"subject": text.subject, "body": Markup(text.markdown), "stop": stop},  # noqa: S704
            language=account.language,
            unsubscribe=stop,
        )

    def _link(self, lang: str, *parts: str) -> str:
        return "/".join((self.settings.public_url.rstrip("/"), lang, SERVICE, *parts))


def _receipt(consent: Consent, account: Account) -> Attachment:
    more = {"submitted_at": account.submitted_at}
    file = consent_receipt(consent, Method.DOUBLE_OPT_IN, more)
    return replace(file, name=f"consent-{consent.wording}.json")


async def sent(tx: Transaction, mail: Mail) -> None:
    """Note that a promotion was delivered, or that a request's certificate is with its person."""
    await followed.settled(tx, mail)
    await _note(tx, mail, Delivered.SENT)


async def given_up(tx: Transaction, mail: Mail) -> None:
    """Note that a mail could not be delivered, or that nobody knows whether it was."""
    await followed.settled(tx, mail)
    await _note(tx, mail, Delivered.GIVEN_UP)


async def _note(tx: Transaction, mail: Mail, state: Delivered) -> None:
    if mail.kind == names.ISSUE and mail.subject_id is not None:
        await promotions.note(tx, UUID(mail.parameters["promotion_id"]), mail.subject_id, state)
