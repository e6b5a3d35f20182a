"""The one gate through which personal data leaves us (R-3P-01), closed for some (R-3P-02).

Four cases and no other (GDPR Art. 6(1)): a live consent to this recipient, a contract, a law, or a
recorded weighing of interests without an objection. What is let through is written down first; a
refusal is logged without saying who it was about.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID, uuid4

from contracts.purposes import EVERY_SERVICE, INSIDE, PURPOSES, Purpose
from shared.database import Transaction
from shared.disclosure.recipients import Recipient, Recipients
from shared.errors import Refused
from shared.logs import log

CATEGORY: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
REFERENCE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
THEIR_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,128}")


class NotDisclosed(Refused):
    """This may not be passed on."""

    status = 403
    problem = "not-disclosed"


class ClosedForAll(NotDisclosed):
    """Data of this service is passed on to nobody."""


class UnknownRecipient(NotDisclosed):
    """This recipient is not in the register, or nothing allows a transfer to its country."""


class WrongPurpose(NotDisclosed):
    """This purpose is not in the register, has ended, belongs elsewhere, or has another basis."""


class NothingNamed(NotDisclosed):
    """A transfer names its categories, and an id without personal data."""


class NoConsent(NotDisclosed):
    """There is no live consent to this recipient."""


class NoReference(NotDisclosed):
    """A contract, a law or a recorded weighing must be named."""


class Objected(NotDisclosed):
    """The person objected to this purpose."""


class Restricted(NotDisclosed):
    """What is restricted is stored and nothing else."""


@dataclass(frozen=True, slots=True)
class Consented:
    """Case (a): the id of a consent whose purpose names the recipient."""

    consent_id: UUID


@dataclass(frozen=True, slots=True)
class ByContract:
    """Case (b): the reference of the person's contract that needs it."""

    reference: str


@dataclass(frozen=True, slots=True)
class ByLaw:
    """Case (c): the paragraph that demands it, such as `ao-147-1`."""

    reference: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """Case (f): a weighing that the register of recipients records for the purpose."""

    reference: str


Ground = Consented | ByContract | ByLaw | Weighed
LETTERS: Final[Mapping[type[Ground], str]] = {
    Consented: "a",
    ByContract: "b",
    ByLaw: "c",
    Weighed: "f",
}


@dataclass(frozen=True, slots=True)
class Transfer:
    """What is to be passed on: `categories` are kinds of data (`name`, `postal-address`).

    `their_id`: how the recipient will know the person, where it is not our disclosure's own id.
    """

    recipient: str
    purpose: str
    categories: tuple[str, ...]
    ground: Ground
    their_id: str | None = None


class Counts(Protocol):
    """Says whether a consent to a version of a wording counts today (R-POL-01)."""

    def counts(self, wording: str, version: int) -> bool:
        """Say whether what was agreed to then is still what is done."""


async def disclose(
    tx: Transaction,
    subject_id: UUID,
    transfer: Transfer,
    recipients: Recipients,
    wordings: Counts,
) -> UUID:
    """Let a transfer through and write it down; pass the data on after the commit.

    Out: the disclosure's id, by which the recipient may know the person. Raises NotDisclosed.
    """
    try:
        refuse_transfer(tx.service, transfer, recipients)
        await _refuse_person(tx, subject_id, transfer)
        if isinstance(transfer.ground, Consented):
            await _refuse_without_consent(tx, subject_id, transfer, transfer.ground, wordings)
    except NotDisclosed as refusal:
        log.warning("disclosure-refused", service=tx.service, error=refusal)
        raise
    disclosure_id = uuid4()
    await tx.execute(
        """
        insert into disclosure (disclosure_id, subject_id, recipient, purpose, categories,
                                basis, reference, their_id, disclosed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        disclosure_id, subject_id, transfer.recipient, transfer.purpose, list(transfer.categories),
        LETTERS[type(transfer.ground)], _reference(transfer.ground),
        transfer.their_id or str(disclosure_id), tx.now,
    )  # fmt: skip
    return disclosure_id


def refuse_transfer(service: str, transfer: Transfer, recipients: Recipients) -> None:
    """Refuse what no person's consent could allow. Raises NotDisclosed."""
    purpose = PURPOSES.get(transfer.purpose)
    if service in INSIDE or (purpose is not None and purpose.inside):
        raise ClosedForAll
    recipient = recipients.get(transfer.recipient)
    if recipient is None or recipient.transfer == "none":
        raise UnknownRecipient
    if purpose is None or purpose.ended or purpose.owner not in {service, EVERY_SERVICE}:
        raise WrongPurpose
    named = transfer.their_id is None or THEIR_ID.fullmatch(transfer.their_id)
    if not (transfer.categories and all(map(CATEGORY.fullmatch, transfer.categories)) and named):
        raise NothingNamed
    _refuse_ground(transfer, purpose, recipient)


def _refuse_ground(transfer: Transfer, purpose: Purpose, recipient: Recipient) -> None:
    ground = transfer.ground
    if LETTERS[type(ground)] != purpose.letter:
        raise WrongPurpose
    if isinstance(ground, Consented):
        if transfer.purpose not in recipient.purposes:
            raise NoConsent
    elif not REFERENCE.fullmatch(ground.reference) or (
        isinstance(ground, Weighed) and not recipient.weighed(ground.reference, transfer.purpose)
    ):
        raise NoReference


async def _refuse_person(tx: Transaction, subject_id: UUID, transfer: Transfer) -> None:
    """Lock the person's root, so that nothing is passed on beside an erasure; look at both."""
    row = await tx.fetchrow(
        """
        select s.restricted_at,
               exists (select from objection o
                        where o.subject_id = s.subject_id and o.purpose = $2) as objected
          from subject s
         where s.subject_id = $1
           for key share
        """,
        subject_id,
        transfer.purpose,
    )
    if row is None or row["restricted_at"] is not None:
        raise Restricted
    if row["objected"] and isinstance(transfer.ground, Consented | Weighed):
        raise Objected


async def _refuse_without_consent(
    tx: Transaction, subject_id: UUID, transfer: Transfer, ground: Consented, wordings: Counts
) -> None:
    """Look for the consent itself: of this person, to this purpose, to words that still count."""
    row = await tx.fetchrow(
        """
        select purpose, wording, wording_version
          from consent
         where consent_id = $1
           and subject_id = $2
        """,
        ground.consent_id,
        subject_id,
    )
    if (
        row is None
        or row["purpose"] != transfer.purpose
        or not wordings.counts(row["wording"], int(row["wording_version"]))
    ):
        raise NoConsent


def _reference(ground: Ground) -> str:
    return str(ground.consent_id) if isinstance(ground, Consented) else ground.reference


async def objects(tx: Transaction, subjects: Collection[UUID], purpose: str) -> bool:
    """Say whether any of the subjects objected to a purpose: asked just before acting (Art. 21)."""
    found: bool = await tx.fetchval(
        """
        select exists (select from objection
                        where subject_id = any($1::uuid[])
                          and purpose = $2)
        """,
        list(subjects),
        purpose,
    )
    return found


async def object_to(tx: Transaction, subject_id: UUID, *purposes: str) -> None:
    """Write that the person objects to purposes; nothing is passed on for them (Art. 21)."""
    await tx.by_person()
    await tx.executemany(
        """
        insert into objection (subject_id, purpose, raised_at)
        values ($1, $2, $3)
            on conflict do nothing
        """,
        [(subject_id, purpose, tx.now) for purpose in purposes],
    )
