"""What one message contributes to a saga: small values that the reducer works on.

The service keeps them as rows, the auditor makes them from the topic; both reduce the same facts.
Digests are SHA-256 of a line as sent, in hex. Nobody changes a fact; they are not frozen because
making one would take three times as long, and there is one for each line of a replay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from contracts.messages import (
    ErasureRequested,
    Event,
    Held,
    HoldEnded,
    ProcessorAnswered,
    SagaExtended,
    SliceErased,
    SliceReerased,
    SliceVerified,
)
from contracts.vocabulary import Identity, Outcome
from contracts.vocabulary import ReadBack as Method


class Place(NamedTuple):
    """Where a line stands on `erasure.v1`; all of one saga's lines are in one partition."""

    partition: int
    offset: int
    line: int


@dataclass(slots=True)
class Placed:
    """A fact with its first place, the digest of its line, and the service that signed it."""

    place: Place
    digest: str
    by: str


@dataclass(slots=True)
class Requested(Placed):
    """A person asked. `scope` None is everything; times are UTC."""

    origin: str
    scope: frozenset[str] | None
    participants: frozenset[str]
    register_version: int
    cutoff: datetime
    received_at: datetime
    due_at: datetime
    identity: Identity
    person_commitment: str


@dataclass(slots=True)
class Extended(Placed):
    """A later register version added participants."""

    register_version: int
    participants: frozenset[str]


@dataclass(slots=True)
class Receipt(Placed):
    """A slice acted: `by` is the slice; `rows` counts by table."""

    attempt: int
    receipt_id: UUID
    outcome: Outcome
    rows: Mapping[str, int]
    held: tuple[Held, ...]
    covered_until: datetime
    erased_at: datetime
    recipients: tuple[str, ...] = ()


@dataclass(slots=True)
class ReadBack(Placed):
    """A verifier looked at `service` after the receipt that it names by digest and attempt."""

    service: str
    attempt: int
    receipt_sha256: str
    remaining: int
    method: Method
    key_id: str
    verified_at: datetime


@dataclass(slots=True)
class Supplement(Placed):
    """What a slice said after its receipt; `about` names what the receipt owed."""

    about: str


Fact = Requested | Extended | Receipt | ReadBack | Supplement
# Types of messages that are facts of a saga.
FACTS: Final = frozenset(
    message.type
    for message in (
        ErasureRequested,
        SagaExtended,
        SliceErased,
        SliceReerased,
        SliceVerified,
        ProcessorAnswered,
        HoldEnded,
    )
)


def owed(receipt: Receipt | SliceErased | SliceReerased) -> frozenset[str]:
    """Name what its slice will say once more: which recipients answered, which holds ended."""
    if not receipt.recipients and not receipt.held:
        return frozenset()
    holds = (about_hold(one.ground, one.reference, one.until, one.rows) for one in receipt.held)
    return frozenset((*map(about_recipient, receipt.recipients), *holds))


def about_recipient(recipient: str) -> str:
    """Name a recipient's last answer."""
    return f"the answer of {recipient}"


def about_hold(ground: str, reference: str, until: datetime, rows: int) -> str:
    """Name the end of a hold."""
    return f"the end of {rows} rows kept for {ground} ({reference}) until {until.isoformat()}"


def about(message: ProcessorAnswered | HoldEnded) -> str:
    """Name what a message is the last word about."""
    if isinstance(message, ProcessorAnswered):
        return about_recipient(message.recipient)
    return about_hold(message.ground, message.reference, message.until, message.rows)


def fact_of(event: Event, place: Place, digest: str, key_id: str) -> Fact | None:
    """Turn a message whose proof held into its fact; None if it says nothing about the outcome."""
    message, by = event.message, event.source
    match message:
        case ErasureRequested():
            return requested(message, place, digest, by)
        case SagaExtended():
            return Extended(
                place, digest, by, message.register_version, frozenset(message.participants)
            )
        case SliceErased() | SliceReerased():
            return receipt(message, place, digest, by)
        case SliceVerified():
            return read_back(message, place, digest, by, key_id)
        case ProcessorAnswered() | HoldEnded():
            return Supplement(place, digest, by, about(message))
        case _:
            return None


def requested(message: ErasureRequested, place: Place, digest: str, by: str) -> Requested:
    """Make the fact of a request."""
    return Requested(
        place,
        digest,
        by,
        origin=message.origin,
        scope=None if isinstance(message.scope, str) else frozenset(message.scope),
        participants=frozenset(message.participants),
        register_version=message.register_version,
        cutoff=message.cutoff,
        received_at=message.received_at,
        due_at=message.due_at,
        identity=message.identity,
        person_commitment=message.person_commitment,
    )


def receipt(message: SliceErased | SliceReerased, place: Place, digest: str, by: str) -> Receipt:
    """Make the fact of a receipt."""
    return Receipt(
        place,
        digest,
        by,
        attempt=message.attempt,
        receipt_id=message.receipt_id,
        outcome=message.outcome,
        rows=message.rows,
        held=message.held,
        covered_until=message.covered_until,
        erased_at=message.erased_at,
        recipients=message.recipients,
    )


def read_back(message: SliceVerified, place: Place, digest: str, by: str, key_id: str) -> ReadBack:
    """Make the fact of a read-back."""
    return ReadBack(
        place,
        digest,
        by,
        service=message.service,
        attempt=message.attempt,
        receipt_sha256=message.receipt_sha256,
        remaining=message.remaining,
        method=message.method,
        key_id=key_id,
        verified_at=message.verified_at,
    )
