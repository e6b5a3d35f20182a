"""What a view remembers of one consent and of one saga: state by key, whatever comes twice.

Pure. Each `heard` gives the state after a message; a message that comes again, late or out of
order changes nothing that was final.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from contracts.messages import (
    AliasesDestroyed,
    ConsentGranted,
    ConsentWithdrawn,
    ErasureCertified,
    ErasureRequested,
    Message,
    SagaExtended,
    SliceErased,
    SliceReerased,
    SliceVerified,
)
from contracts.vocabulary import RequestState


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent: since when, until when, by the day (UTC). Withdrawn is final."""

    purpose: str
    granted_on: date | None = None
    withdrawn_on: date | None = None

    @property
    def lives(self) -> bool:
        """Whether it was given and not taken back."""
        return self.granted_on is not None and self.withdrawn_on is None


def heard_of_consent(known: Consent | None, message: ConsentGranted | ConsentWithdrawn) -> Consent:
    """Give a consent's state after a message; the first word of each kind stays."""
    known = known or Consent(message.purpose)
    if isinstance(message, ConsentWithdrawn):
        return replace(known, withdrawn_on=known.withdrawn_on or message.withdrawn_at.date())
    return replace(known, granted_on=known.granted_on or message.granted_at.date())


@dataclass(frozen=True, slots=True)
class Saga:
    """One request: who was asked, who answered, whose answer was read back."""

    due_at: datetime | None = None
    asked: frozenset[str] = frozenset()
    answered: frozenset[str] = frozenset()
    read_back: frozenset[str] = frozenset()
    certified: bool = False
    ended: bool = False

    @property
    def missing(self) -> frozenset[str]:
        """Services that owe an answer, or whose answer was not read back."""
        return self.asked - (self.answered & self.read_back)

    @property
    def state(self) -> RequestState:
        """Where the request is."""
        if self.certified:
            return RequestState.CLOSED if self.ended else RequestState.CERTIFIED
        if self.asked and not self.missing:
            return RequestState.VERIFIED
        return RequestState.COLLECTING if self.answered else RequestState.DISPATCHED

    def overdue(self, now: datetime) -> bool:
        """Say whether it should have been certified by now (GDPR Art. 12(3))."""
        return not self.certified and self.due_at is not None and self.due_at < now


CLOSED: Final = Saga(certified=True, ended=True)  # all that is remembered of what is over


def heard_of_saga(known: Saga | None, source: str, message: Message) -> Saga:
    """Give a saga's state after a message of `source`."""
    saga = known or Saga()
    if saga is CLOSED:
        return saga
    if isinstance(message, ErasureRequested):
        saga = replace(saga, due_at=message.due_at, asked=saga.asked | {*message.participants})
    elif isinstance(message, SagaExtended):
        saga = replace(saga, asked=saga.asked | {*message.participants})
    elif isinstance(message, SliceErased | SliceReerased):
        saga = replace(saga, answered=saga.answered | {source})
    elif isinstance(message, SliceVerified) and not message.remaining:
        saga = replace(saga, read_back=saga.read_back | {message.service})
    elif isinstance(message, ErasureCertified):
        saga = replace(saga, certified=True)
    elif isinstance(message, AliasesDestroyed):
        saga = replace(saga, ended=True)
    return CLOSED if saga.certified and saga.ended else saga
