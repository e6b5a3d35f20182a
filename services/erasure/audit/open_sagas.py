"""Sagas that have no certificate yet, as the topic tells them; with one they leave memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.messages import ErasureCertified
from services.erasure import rules
from services.erasure.audit.findings import Kind
from services.erasure.audit.order import backdated
from services.erasure.facts import Fact, Receipt, Requested
from services.erasure.rules import Saga


@dataclass(slots=True)
class OpenSaga:
    """One saga's facts in the order of the topic, each line once."""

    partition: int
    facts: list[Fact] = field(default_factory=list)

    def add(self, fact: Fact) -> bool:
        """Take a fact in; a copy of a line that is known is no finding and no fact: False."""
        if any(fact.digest == known.digest for known in self.facts):
            return False
        self.facts.append(fact)
        return True

    def saga(self) -> Saga:
        """Reduce what is known."""
        return rules.reduce(self.facts)

    def certifiable(self) -> Saga | None:
        """Reduce to the latest state in which a certificate was possible.

        A participant may erase again between the certifier's look and its word: that word was
        right when it was decided, so the state before counts too.
        """
        return next(self.certifiables(), None)

    def certifiables(self) -> Iterator[Saga]:
        """Go through the states in which a certificate was possible, the latest first."""
        for count in range(len(self.facts), 0, -1):
            saga = rules.reduce(self.facts[:count])
            if saga.outcome is not None:
                yield saga


Said = tuple[Kind, str]


def judge(
    opened: OpenSaga,
    said: ErasureCertified,
    said_at: datetime,
    register: Mapping[int, frozenset[str]],
) -> Iterator[Said]:
    """Compare a certificate's announcement with what the saga's messages amount to."""
    saga = opened.certifiable()
    if saga is None:
        owed = ", ".join(f"{name}: {what}" for name, what in opened.saga().missing.items())
        yield Kind.FORGED, f"certified although something is missing ({owed or 'the request'})"
        saga = opened.saga()
    elif saga.outcome is not said.outcome:
        yield Kind.FORGED, f"certified as {said.outcome.value}, the answers say {saga.outcome}"
    if saga.requested is not None:
        yield from _against_register(saga, saga.requested, register)
        if said.certified_at > saga.requested.due_at:
            yield Kind.LATE, "certified after it was due"
    for what in backdated(saga, said, said_at):
        yield Kind.FORGED, what
    yield from _twice(opened.facts)
    for name in saga.extra:
        yield Kind.EXTRA, f"{name} answered although it was not asked"


def overdue(saga: Saga, now: datetime) -> bool:
    """Say whether an open saga's time was over when the topic ended (Art. 12(3))."""
    return saga.requested is not None and saga.requested.due_at < now


def _against_register(
    saga: Saga, requested: Requested, register: Mapping[int, frozenset[str]]
) -> Iterator[Said]:
    """Work out anew who had to be asked, from the register versions that the messages name."""
    named = [(requested.register_version, requested.participants)]
    known = requested.participants
    for extension in saga.extensions:
        known = known | extension.participants
        named.append((extension.register_version, known))
    for version, asked in named:
        published = register.get(version)
        if published is None:
            yield Kind.MISSING, f"register version {version} was never published"
            continue
        for name in sorted(rules.addition(requested.scope, asked, published)):
            yield Kind.MISSING, f"{name} of register version {version} was never asked"


def _twice(facts: Sequence[Fact]) -> Iterator[Said]:
    """Name answers that were given again in other words: the first counts."""
    requests = sum(isinstance(fact, Requested) for fact in facts)
    if requests > 1:
        yield Kind.EXTRA, f"{requests} different requests have this id"
    receipts = Counter((fact.by, fact.attempt) for fact in facts if isinstance(fact, Receipt))
    for (name, attempt), count in sorted(receipts.items()):
        if count > 1:
            yield Kind.EXTRA, f"{name} gave {count} different receipts for attempt {attempt}"


def sorted_by_id(sagas: Mapping[UUID, OpenSaga]) -> list[tuple[UUID, OpenSaga]]:
    """List sagas in the order of their ids, which is the same on every machine."""
    return sorted(sagas.items())
