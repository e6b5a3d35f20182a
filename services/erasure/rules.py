"""What a saga's messages amount to: one pure reducer for the service and for the auditor.

It takes a saga's facts in any order and any number of copies: among facts that say the same
thing about the same thing, the one that stands first on the topic wins. So a delayed duplicate,
a message delivered twice or a parked line released late changes nothing.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple, TypeVar

from contracts.topics import ANY_SCOPE_ORIGINS
from contracts.verify_bundle import SKEW
from contracts.vocabulary import CertificateOutcome
from services.erasure.facts import (
    Extended,
    Fact,
    Placed,
    ReadBack,
    Receipt,
    Requested,
    Supplement,
    owed,
)

F = TypeVar("F", bound=Placed)
_NONE = bytes(32)


class Missing(StrEnum):
    """What a participant still owes before a certificate is possible."""

    RECEIPT = "receipt"
    READ_BACK = "read-back"
    REMAINDER = "remainder"
    COVERAGE = "coverage"


class Answer(NamedTuple):
    """A participant's latest receipt and what its own verifier found for exactly that receipt."""

    receipt: Receipt
    read_back: ReadBack | None


@dataclass(frozen=True)
class Saga:
    """What is known about one request. `answers` has every service that sent a receipt.

    `supplements` is what slices said after it, of what a receipt of theirs owed.
    """

    requested: Requested | None
    extensions: tuple[Extended, ...]
    answers: Mapping[str, Answer]
    supplements: tuple[Supplement, ...] = ()

    @cached_property
    def participants(self) -> frozenset[str]:
        """Who must answer: those frozen into the request and those it was extended to."""
        frozen = self.requested.participants if self.requested else frozenset()
        return frozen.union(*(extension.participants for extension in self.extensions))

    @property
    def missing(self) -> Mapping[str, Missing]:
        """What is still owed, by service in alphabetical order. Silence is never an answer."""
        asked = self.requested
        owed = {name: _owed(asked, self.answers.get(name)) for name in sorted(self.participants)}
        return {name: what for name, what in owed.items() if what is not None}

    @cached_property
    def outcome(self) -> CertificateOutcome | None:
        """What a certificate says, or None while none is possible (GDPR Art. 17(1), 17(3))."""
        if self.requested is None or not self.participants or self.missing:
            return None
        held = any(self.answers[name].receipt.held for name in self.participants)
        return CertificateOutcome.COMPLETE_WITH_RETENTION if held else CertificateOutcome.COMPLETE

    @property
    def told(self) -> tuple[str, ...]:
        """Recipients outside whom the receipts name, in alphabetical order (GDPR Art. 19)."""
        receipts = (self.answers[name].receipt for name in self.participants & self.answers.keys())
        return tuple(sorted({name for receipt in receipts for name in receipt.recipients}))

    @property
    def extra(self) -> tuple[str, ...]:
        """Services that answered although nobody asked them, in alphabetical order."""
        return tuple(sorted(set(self.answers) - self.participants))

    def digest(self) -> bytes:
        """Hash the state, 32 bytes: by content of the lines, not by where they stand."""
        state = sha256(b"expunge-saga/v1")
        state.update(_NONE if self.requested is None else bytes.fromhex(self.requested.digest))
        for extension in self.extensions:
            state.update(b"extension" + bytes.fromhex(extension.digest))
        for name in sorted(self.answers):
            receipt, read_back = self.answers[name]
            state.update(b"answer" + bytes.fromhex(receipt.digest))
            state.update(_NONE if read_back is None else bytes.fromhex(read_back.digest))
        for supplement in self.supplements:
            state.update(b"supplement" + bytes.fromhex(supplement.digest))
        return state.digest()


def reduce(facts: Iterable[Fact]) -> Saga:
    """Work out the state of one saga from its facts, whatever their order and repetition."""
    requested: dict[Hashable, Requested] = {}
    extended: dict[Hashable, Extended] = {}
    receipts: dict[Hashable, Receipt] = {}
    read_backs: dict[Hashable, ReadBack] = {}
    supplements: dict[Hashable, Supplement] = {}
    for fact in facts:
        match fact:
            case Receipt():
                _keep_first(receipts, (fact.by, fact.attempt), fact)
            case ReadBack() if fact.by == fact.service:
                _keep_first(read_backs, (fact.by, fact.attempt, fact.receipt_sha256), fact)
            case Requested():
                _keep_first(requested, None, fact)
            case Extended():
                _keep_first(extended, fact.register_version, fact)
            case Supplement():
                _keep_first(supplements, (fact.by, fact.about), fact)
    answers: dict[str, Answer] = {}
    for receipt in sorted(receipts.values(), key=lambda fact: fact.attempt):
        seen = read_backs.get((receipt.by, receipt.attempt, receipt.digest))
        answers[receipt.by] = Answer(receipt, seen)
    return Saga(
        requested.get(None),
        tuple(sorted(extended.values(), key=lambda fact: fact.register_version)),
        answers,
        _of_owed(supplements.values(), receipts.values()) if supplements else (),
    )


def _of_owed(said: Iterable[Supplement], receipts: Iterable[Receipt]) -> tuple[Supplement, ...]:
    """Keep what a receipt of the same slice owed, in one order."""
    receipts = tuple(receipts)
    lawful = (one for one in said if owes(receipts, one))
    return tuple(sorted(lawful, key=lambda one: (one.by, one.about)))


def owes(receipts: Iterable[Receipt], supplement: Supplement) -> bool:
    """Say whether a receipt of the same slice named what this is the last word about."""
    return any(one.by == supplement.by and supplement.about in owed(one) for one in receipts)


def lawful(requested: Requested, by: str) -> bool:
    """Say whether `by`, who signed, may ask for this: a service asks for its own slice only."""
    return requested.origin == by and (by in ANY_SCOPE_ORIGINS or requested.participants == {by})


def addition(
    scope: frozenset[str] | None, known: frozenset[str], register: frozenset[str]
) -> frozenset[str]:
    """Services of a newer register that a saga must wait for too; `scope` None is everything.

    A person's ticks are never expanded: of a limited scope only what was ticked counts.
    """
    return (register if scope is None else register & scope) - known


def frozen(scope: frozenset[str] | None, register: frozenset[str]) -> frozenset[str]:
    """Participants that an origin must have named, from the register version it names."""
    return addition(scope, frozenset(), register)


def _owed(requested: Requested | None, answer: Answer | None) -> Missing | None:
    if answer is None:
        return Missing.RECEIPT
    if requested and not _covers(answer.receipt.covered_until, requested.cutoff):
        return Missing.COVERAGE
    if answer.read_back is None:
        return Missing.READ_BACK
    return Missing.REMAINDER if answer.read_back.remaining else None


def _covers(until: datetime, cutoff: datetime) -> bool:
    """Say whether a receipt covers what was asked for: up to the cut-off, not beyond."""
    return cutoff - SKEW <= until <= cutoff


def _keep_first(kept: dict[Hashable, F], name: Hashable, fact: F) -> None:
    """Keep, of the facts with one name, the one that stands first on the topic."""
    before = kept.setdefault(name, fact)
    if fact.place < before.place:
        kept[name] = fact
