"""The slice's mails: whom a queued mail is for now, and what it says to them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from markupsafe import Markup

from contracts.vocabulary import Method
from services.contact import handling, store
from services.contact.rules import Case
from services.contact.settings import CASE_LINK, LINK_LIFE, PURPOSE, RECEIVED, REPLY, SERVICE
from shared.database import Transaction
from shared.mail import Delivery, Mail, Post, Sender, mail_environment
from shared.mail.markdown import escaped
from shared.parameters import duration
from shared.slice import consent_receipt, consents_of, is_restricted, still_counting
from shared.web.tokens import new_token
from shared.web.wordings import Wordings

TEMPLATES: Final = Path(__file__).with_name("templates") / "mail"
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")


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
            limited=frozenset({RECEIVED}),
            sent=sent,
            given_up=given_up,
        )

    async def resolve(self, tx: Transaction, mail: Mail) -> Delivery | None:
        """Give a queued mail's address and contents, or None if nobody is to get it now.

        Nothing that the person wrote is in any of them: nobody has confirmed the address.
        """
        case = await store.find_case(tx, mail.subject_id) if mail.subject_id else None
        if case is None:
            return None
        return await (self._received if mail.kind == RECEIVED else self._reply)(tx, mail, case)

    async def _received(self, tx: Transaction, _mail: Mail, case: Case) -> Delivery | None:
        """Say that the message arrived, with the proof of consent and the way to take it back."""
        consent = (await consents_of(tx, case.subject_id)).get(PURPOSE)
        if consent is None:
            return None
        return Delivery(
            case.email,
            {**await self._links(tx, case), "consent_id": consent.consent_id.hex},
            attachments=(consent_receipt(consent, Method.FORM, {"button": case.button}),),
        )

    async def _reply(self, tx: Transaction, mail: Mail, case: Case) -> Delivery | None:
        """Send an answer, if the consent still stands and nothing is restricted.

        If its words changed since the answer was written, nobody is answered: the case is open
        again, and its clerk sees that the person must agree anew (R-POL-01).
        """
        letter = await store.find_letter(tx, UUID(mail.parameters["letter_id"]))
        consents = await consents_of(tx, case.subject_id)
        if letter is None or PURPOSE not in consents or await is_restricted(tx, case.subject_id):
            return None
        if PURPOSE not in still_counting(consents, self.wordings):
            await handling.not_sent(tx, case.subject_id, letter.letter_id)
            return None
        return Delivery(
            case.email,
            {
                **await self._links(tx, case),
                "text": as_markdown(letter.text),
                "days": duration("CLARIFY_WINDOW").days,
            },
        )

    async def _links(self, tx: Transaction, case: Case) -> dict[str, object]:
        token = await new_token(tx, case.subject_id, CASE_LINK, tx.now + LINK_LIFE)
        link = f"{self.public_url.rstrip('/')}/{case.language}/{SERVICE}/case/{token}"
        return {"reference": case.reference, "follow": link, "end": f"{link}/end"}


def as_markdown(text: str) -> Markup:
    """Write plain text as Markdown that means just that: its paragraphs and lines, no markup."""
    paragraphs = _PARAGRAPHS.split(text.replace("\r\n", "\n").strip())
    return Markup(  # noqa: S704 - each line is escaped
        "\n\n".join(
            "\\\n".join(str(escaped(line.strip())) for line in paragraph.splitlines())
            for paragraph in paragraphs
        )
    )


async def sent(tx: Transaction, mail: Mail) -> None:
    """Note that an answer left."""
    if mail.kind == REPLY and mail.subject_id is not None:
        await handling.sent(tx, mail.subject_id, UUID(mail.parameters["letter_id"]))


async def given_up(tx: Transaction, mail: Mail) -> None:
    """Note that an answer could not be delivered: the case is open again."""
    if mail.kind == REPLY and mail.subject_id is not None:
        await handling.not_sent(tx, mail.subject_id, UUID(mail.parameters["letter_id"]))
