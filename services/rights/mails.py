"""The mails of a request: the link that confirms, what was begun, and the certificate."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from contracts.vocabulary import CertificateOutcome
from services.rights import store
from services.rights.certificates import fetch_bundle, last_copies_end, said
from services.rights.rules import days_of
from services.rights.settings import CERTIFICATE, CONFIRM, LEDGER, SERVICE, STARTED, RightsSettings
from shared.database import Transaction
from shared.deadlines import answer_period
from shared.mail import Attachment, Delivery, Mail, Post, Sender, mail_environment
from shared.saga.origin import settle_mails
from shared.settings import Settings
from shared.web.configuration import Controller
from shared.web.language import PAGE_ZONE, Language, day
from shared.web.tokens import new_token

TEMPLATES = Path(__file__).with_name("templates") / "mail"
STATEMENT_NAME = "erasure-request.expunge.json"
JSON = "application/json"


@dataclass(frozen=True)
class Mails:
    """Resolves rights' queued mails just before they are sent."""

    settings: Settings
    own: RightsSettings
    controller: Controller

    def post(self, sender: Sender) -> Post:
        """Say how this service's mails are made."""
        return Post(
            environment=mail_environment(str(TEMPLATES)),
            resolve=self.resolve,
            sender=sender,
            limited=frozenset({CONFIRM}),
            sent=settled,
            given_up=settled,
        )

    async def resolve(self, tx: Transaction, mail: Mail) -> Delivery | None:
        """Give a mail's address and contents, or None if its request has ended."""
        if mail.subject_id is not None:
            return await self._confirm(tx, mail.subject_id)
        if mail.request_id is None:
            return None
        address = await store.address_of(tx, mail.request_id)
        if address is None:
            return None
        if mail.kind == STARTED:
            return await self._started(tx, mail, mail.request_id, address)
        return await self._certificate(tx, mail, mail.request_id, address)

    async def _confirm(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        waiting = await store.find_unconfirmed(tx, subject_id)
        if waiting is None:
            return None
        until = waiting.received_at + self.own.request_unconfirmed_ttl
        token = await new_token(tx, subject_id, CONFIRM, until)
        return Delivery(
            waiting.address,
            {
                "confirm": self._link(waiting.language, "confirm", token),
                "days": days_of(self.own.request_unconfirmed_ttl),
            },
        )

    async def _started(
        self, tx: Transaction, mail: Mail, request_id: UUID, address: str
    ) -> Delivery | None:
        """Say that the work has begun, with the signed statement: dropped, it can be proven."""
        request = await store.find_request(tx, request_id)
        statement = await store.statement_of(tx, request_id)
        if request is None or statement is None:
            return None
        due_on = answer_period(request.received_at).raw_on
        return Delivery(
            address,
            {
                "status": await self._status(tx, mail.language, request_id),
                "due": day(due_on, Language(mail.language)),
                **self._authorities(mail.language),
            },
            attachments=(Attachment(STATEMENT_NAME, JSON, statement),),
        )

    async def _certificate(
        self, tx: Transaction, mail: Mail, request_id: UUID, address: str
    ) -> Delivery | None:
        """Hand over the bundle with the nonce. Raises Unavailable while the ledger is away."""
        nonce = await store.nonce_of(tx, request_id)
        if nonce is None:
            return None
        bundle = await fetch_bundle(self.settings, request_id)
        mine, predicate = bundle.model_copy(update={"nonce": nonce.hex()}), said(bundle)
        gone_on = last_copies_end(predicate).astimezone(PAGE_ZONE).date()
        return Delivery(
            address,
            {
                "status": await self._status(tx, mail.language, request_id),
                "verify": f"{self.settings.public_url.rstrip('/')}/{mail.language}/{LEDGER}/verify",
                "file": mine.file_name,
                "kept": predicate.outcome is not CertificateOutcome.COMPLETE,
                "gone_by": day(gone_on, Language(mail.language)),
                **self._authorities(mail.language),
            },
            attachments=(Attachment(mine.file_name, JSON, mine.to_json()),),
        )

    def _authorities(self, language: str) -> dict[str, str]:
        """Name the authority of the controller's seat, and where all others stand (R-77-01)."""
        lists = {
            Language.DE: self.controller.authorities_url_de,
            Language.EN: self.controller.authorities_url_en,
        }
        return {
            "authority": self.controller.authority,
            "authority_url": self.controller.authority_url,
            "authorities_url": lists[Language(language)],
        }

    async def _status(self, tx: Transaction, language: str, request_id: UUID) -> str:
        return self._link(language, "requests", await store.new_status_link(tx, request_id))

    def _link(self, language: str, what: str, secret: str) -> str:
        return f"{self.settings.public_url.rstrip('/')}/{language}/{SERVICE}/{what}/{secret}"


async def settled(tx: Transaction, mail: Mail) -> None:
    """Note that the certificate's mail was accepted or given up: the aliases may end."""
    if mail.kind == CERTIFICATE and mail.request_id is not None:
        await settle_mails(tx, {mail.request_id})
