"""A request that a person follows: its mails, its status link, and what falls due because of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from contracts.bundle import VERIFIER
from contracts.messages import AliasesDestroyed, ErasureCertified
from contracts.topics import ERASURE_SERVICE
from contracts.vocabulary import CertificateOutcome
from shared.consumer.lines import AnyLine, Reactions
from shared.database import Transaction
from shared.deadlines import Actions, Due, answer_period, set_deadline, set_deadlines
from shared.logs import log
from shared.mail import Attachment, Delivery, Mail, post
from shared.parameters import duration
from shared.saga import requests
from shared.saga.certificates import fetch_bundle, last_copies_end, said
from shared.saga.origin import settle_mails
from shared.settings import Settings
from shared.web.configuration import Controller
from shared.web.language import PAGE_ZONE, Language, day

STARTED: Final = "started"  # kinds and templates of the mails about a request that runs
CERTIFICATE: Final = "certificate"
OVERDUE: Final = "overdue"  # deadlines
FORGET: Final = "forget"
STATEMENT_NAME: Final = "erasure-request.expunge.json"
JSON: Final = "application/json"


async def follow(tx: Transaction, request_id: UUID, language: str) -> str:
    """Queue the mail with the signed statement, set the alarm; gives the first status link."""
    await post(
        tx,
        kind=STARTED,
        template=STARTED,
        language=language,
        request_id=request_id,
        give_up_at=tx.now + duration("CERT_MAIL_TTL"),
    )
    request = await requests.find_request(tx, request_id)
    if request is not None:
        await set_deadline(tx, None, OVERDUE, request.due_at, {"request": str(request_id)})
    return await requests.new_status_link(tx, request_id)


async def mail_certificates(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Queue the mail that hands a certificate over."""
    certified = {line.message.request_id for line in lines}
    owed = await requests.owed_certificates(tx, certified, CERTIFICATE)
    for request, language in owed.items():
        await post(
            tx,
            kind=CERTIFICATE,
            template=CERTIFICATE,
            language=language,
            request_id=request,
            give_up_at=tx.now + duration("CERT_MAIL_TTL"),
        )


async def plan_forgetting(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Set when the last ids and times of a closed request are deleted."""
    mine = [line.message.request_id for line in lines if line.event.source == tx.service]
    if mine:
        until = tx.now + duration("REQUEST_TTL")
        await set_deadlines(tx, FORGET, until, [{"request": str(request)} for request in mine])


async def mark_late(tx: Transaction, due: Sequence[Due]) -> None:
    """Mark what is due and has no certificate: an alarm, and nothing is deleted for it."""
    count = await requests.mark_overdue(tx, _requests(due))
    if count:
        log.error("requests-overdue", service=tx.service, count=count)


async def forget(tx: Transaction, due: Sequence[Due]) -> None:
    """Delete the last ids and times of requests that were closed REQUEST_TTL ago."""
    await requests.forget_requests(tx, _requests(due))


def _requests(due: Sequence[Due]) -> set[UUID]:
    return {UUID(one.payload["request"]) for one in due}


FOLLOWED_REACTIONS: Final[Reactions] = {
    ErasureCertified: mail_certificates,
    AliasesDestroyed: plan_forgetting,
}
FOLLOWED_ACTIONS: Final[Actions] = {OVERDUE: mark_late, FORGET: forget}


@dataclass(frozen=True)
class FollowedMails:
    """Resolves the two mails about a request that runs; the service brings their templates."""

    settings: Settings
    service: str
    controller: Controller

    async def resolve(self, tx: Transaction, mail: Mail) -> Delivery | None:
        """Give a mail's address and contents, or None if its request has ended."""
        if mail.request_id is None:
            return None
        address = await requests.address_of(tx, mail.request_id)
        if address is None:
            return None
        if mail.kind == STARTED:
            return await self._started(tx, mail, mail.request_id, address)
        return await self._certificate(tx, mail, mail.request_id, address)

    async def _started(
        self, tx: Transaction, mail: Mail, request_id: UUID, address: str
    ) -> Delivery | None:
        """Say that the work has begun, with the signed statement: dropped, it can be proven."""
        request = await requests.find_request(tx, request_id)
        statement = await requests.statement_of(tx, request_id)
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
        nonce = await requests.nonce_of(tx, request_id)
        if nonce is None:
            return None
        bundle = await fetch_bundle(self.settings, self.service, request_id)
        mine, predicate = bundle.model_copy(update={"nonce": nonce.hex()}), said(bundle)
        gone_on = last_copies_end(predicate).astimezone(PAGE_ZONE).date()
        public_url = self.settings.public_url.rstrip("/")
        return Delivery(
            address,
            {
                "status": await self._status(tx, mail.language, request_id),
                "verify": f"{public_url}/{mail.language}/{ERASURE_SERVICE}/verify/file",
                "program": f"{public_url}/verify/{VERIFIER.name}",
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
        secret = await requests.new_status_link(tx, request_id)
        return f"{self.settings.public_url.rstrip('/')}/{language}/{self.service}/requests/{secret}"


async def settled(tx: Transaction, mail: Mail) -> None:
    """Note that the certificate's mail was accepted or given up: the aliases may end."""
    if mail.kind == CERTIFICATE and mail.request_id is not None:
        await settle_mails(tx, {mail.request_id})
