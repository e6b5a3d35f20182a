"""The mails of a request: the link that confirms, what was begun, and the certificate."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from services.rights import store
from services.rights.rules import days_of
from services.rights.settings import CONFIRM, SERVICE, RightsSettings
from shared.database import Transaction
from shared.mail import Delivery, Mail, Post, Sender, mail_environment
from shared.saga.followed import FollowedMails, settled
from shared.settings import Settings
from shared.web.configuration import Controller
from shared.web.tokens import new_token

TEMPLATES = Path(__file__).with_name("templates") / "mail"


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
        return await FollowedMails(self.settings, SERVICE, self.controller).resolve(tx, mail)

    async def _confirm(self, tx: Transaction, subject_id: UUID) -> Delivery | None:
        waiting = await store.find_unconfirmed(tx, subject_id)
        if waiting is None:
            return None
        until = waiting.received_at + self.own.request_unconfirmed_ttl
        token = await new_token(tx, subject_id, CONFIRM, until)
        public_url = self.settings.public_url.rstrip("/")
        return Delivery(
            waiting.address,
            {
                "confirm": f"{public_url}/{waiting.language}/{SERVICE}/confirm/{token}",
                "days": days_of(self.own.request_unconfirmed_ttl),
            },
        )
