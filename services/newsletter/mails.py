"""The newsletter's mails: whom a queued mail is for now, and what it says to them."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from markupsafe import Markup

from contracts.vocabulary import Method
from services.newsletter import issue_store, rules, store
from services.newsletter.rules import Consent, State, Subscriber
from services.newsletter.settings import (
    CONFIRM,
    ISSUE,
    LINK_LIFE,
    PREFERENCES,
    PURPOSE,
    SERVICE,
    UNSUBSCRIBE,
    WELCOME,
    NewsletterSettings,
)
from shared.database import Transaction
from shared.mail import Attachment, Delivery, Mail, Post, Sender, mail_environment
from shared.slice import is_restricted
from shared.web.configuration import WebSettings
from shared.web.consent_receipt import FILE_NAME, Given, receipt_file
from shared.web.tokens import new_token
from shared.web.wordings import Wordings, read_wordings

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates" / "mail"
ALREADY = "already"  # the confirmation mail of an address that is subscribed


@dataclass(frozen=True)
class Mails:
    """Resolves the newsletter's queued mails; `public_url` is what links begin with."""

    public_url: str
    settings: NewsletterSettings
    wordings: Wordings = field(default_factory=lambda: read_wordings(FOLDER))

    def post(self, sender: Sender) -> Post:
        """Say how this service's mails are made."""
        return Post(
            environment=mail_environment(str(TEMPLATES)),
            resolve=self.resolve,
            sender=sender,
            once=frozenset({ISSUE}),
            limited=frozenset({CONFIRM, WELCOME}),
            sent=sent,
            given_up=given_up,
        )

    async def resolve(self, tx: Transaction, mail: Mail) -> Delivery | None:
        """Give a queued mail's address and contents, or None if nobody is to get it now.

        Links are made here and exist in the mail alone; the database has their digests.
        """
        if mail.subject_id is None:
            return None
        if mail.kind == CONFIRM:
            return await self._confirm(tx, mail.subject_id)
        subscriber = await store.find_subscriber(tx, mail.subject_id)
        consent = await store.consent_of(tx, mail.subject_id)
        if mail.kind == WELCOME:
            return await self._welcome(tx, subscriber, consent)
        return await self._issue(tx, mail, subscriber, consent)

    async def _confirm(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        """Ask for the click, or tell an address that is subscribed already that it is.

        Only whoever reads the mailbox learns which (R-NL-03). No name, no text of the form.
        """
        pending = await store.find_pending(tx, subject_id)
        if pending is None:
            return None
        until = pending.submitted_at + self.settings.doi_ttl
        lang = pending.language
        values: dict[str, object] = {
            "confirm": self._link(lang, "confirm", await new_token(tx, subject_id, CONFIRM, until)),
            "withdraw": self._link(
                lang, UNSUBSCRIBE, await new_token(tx, subject_id, UNSUBSCRIBE, until)
            ),
            "hours": round(self.settings.doi_ttl / timedelta(hours=1)),
        }
        present = await store.subscribed_at(tx, pending.email)
        if present is not None:
            values["preferences"] = await self._lasting_link(tx, present, lang, PREFERENCES)
            values["unsubscribe"] = await self._lasting_link(tx, present, lang, UNSUBSCRIBE)
        return Delivery(pending.email, values, template=ALREADY if present else CONFIRM)

    async def _welcome(
        self, tx: Transaction, subscriber: Subscriber | None, consent: Consent | None
    ) -> Delivery | None:
        """Greet a new subscriber; hand over the proof of consent, theirs alone (R-NL-09)."""
        if subscriber is None or consent is None:
            return None
        lang, subject_id = subscriber.language, subscriber.subject_id
        return Delivery(
            subscriber.email,
            {
                "first_name": subscriber.first_name or "",
                "last_name": subscriber.last_name or "",
                "preferences": await self._lasting_link(tx, subject_id, lang, PREFERENCES),
                "unsubscribe": await self._lasting_link(tx, subject_id, lang, UNSUBSCRIBE),
                "consent": self._link(lang, "consent", str(consent.consent_id)),
                "consent_id": consent.consent_id.hex,
                "version": consent.wording_version,
            },
            language=lang,
            attachments=(consent_receipt(consent, subscriber),),
        )

    async def _issue(
        self, tx: Transaction, mail: Mail, subscriber: Subscriber | None, consent: Consent | None
    ) -> Delivery | None:
        """Look again, just before the delivery, whether this person still wants it (R-NL-08)."""
        issue_id, subject_id = UUID(mail.parameters["issue_id"]), mail.subject_id
        if subject_id is None:
            return None
        wanted = rules.may_receive(
            consent,
            restricted=await is_restricted(tx, subject_id),
            queued=await issue_store.is_queued(tx, issue_id, subject_id),
            counts=self.wordings.counts,
        )
        text = await issue_store.text_of(tx, issue_id, subscriber.language if subscriber else "")
        if subscriber is None or text is None or not wanted:
            await issue_store.note(tx, issue_id, subject_id, State.SKIPPED)
            return None
        link = await self._lasting_link(tx, subject_id, subscriber.language, UNSUBSCRIBE)
        return Delivery(
            subscriber.email,
            # The text was checked when the issue began: no image, no raw HTML.
            {"subject": text.subject, "body": Markup(text.markdown), "unsubscribe": link},  # noqa: S704
            language=subscriber.language,
            unsubscribe=link,
        )

    async def _lasting_link(self, tx: Transaction, subject_id: UUID, lang: str, what: str) -> str:
        return self._link(lang, what, await new_token(tx, subject_id, what, tx.now + LINK_LIFE))

    def _link(self, lang: str, what: str, secret: str) -> str:
        return f"{self.public_url.rstrip('/')}/{lang}/{SERVICE}/{what}/{secret}"


async def sent(tx: Transaction, mail: Mail) -> None:
    """Note that an issue was delivered."""
    await _note(tx, mail, State.SENT)


async def given_up(tx: Transaction, mail: Mail) -> None:
    """Note that an issue could not be delivered, or that nobody knows whether it was."""
    await _note(tx, mail, State.GIVEN_UP)


async def _note(tx: Transaction, mail: Mail, state: State) -> None:
    if mail.kind == ISSUE and mail.subject_id is not None:
        await issue_store.note(tx, UUID(mail.parameters["issue_id"]), mail.subject_id, state)


def consent_receipt(consent: Consent, subscriber: Subscriber) -> Attachment:
    """Give the consent as a file, with the fields of ISO/IEC TS 27560; without name or address."""
    given = Given(
        consent_id=consent.consent_id,
        purpose=PURPOSE,
        wording=consent.wording,
        wording_version=consent.wording_version,
        wording_sha256=consent.wording_sha256,
        language=consent.language,
        form=consent.form,
        method=Method.DOUBLE_OPT_IN.value,
        granted_at=consent.granted_at,
    )
    pressed = {"button": subscriber.button, "submitted_at": subscriber.submitted_at}
    controller = WebSettings.load().read_controller()
    return Attachment(FILE_NAME, "application/json", receipt_file(given, controller, pressed))
