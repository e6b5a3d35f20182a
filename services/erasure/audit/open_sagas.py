"""Sagas that have no certificate yet, as the topic tells them; with one they leave memory."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

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
    facts: dict[str, Fact] = field(default_factory=dict)  # by the digests of their lines

    def add(self, fact: Fact) -> bool:
        """Take a fact in; a copy of a line that is known is no finding and no fact: False."""
        return self.facts.setdefault(fact.digest, fact) is fact

    def saga(self) -> Saga:
        """Reduce what is known."""
        return rules.reduce(self.facts.values())

    def certifiables(self) -> Iterator[Saga]:
        """Go through the states in which a certificate was possible, the latest first.

        A participant may erase again between the certifier's look and its word: that word was
        right when it was decided, so the states before count too.
        """
        facts = list(self.facts.values())
        for count in range(len(facts), 0, -1):
            saga = rules.reduce(facts[:count])
            if saga.outcome is not None:
                yield saga


Said = tuple[Kind, str]


def judge(
    opened: OpenSaga,
    saga: Saga,
    said: ErasureCertified,
    said_at: datetime,
    register: Mapping[int, frozenset[str]],
) -> Iterator[Said]:
    """Compare a certificate's announcement with what the saga's messages amount to.

    `saga` is the latest state in which a certificate was possible, or what there is.
    """
    if saga.outcome is None:
        owed = ", ".join(f"{name}: {what}" for name, what in saga.missing.items())
        yield Kind.FORGED, f"certified although something is missing ({owed or 'the request'})"
    elif saga.outcome is not said.outcome:
        yield Kind.FORGED, f"certified as {said.outcome.value}, the answers say {saga.outcome}"
    if saga.requested is not None:
        yield from _against_register(saga, saga.requested, register)
        if said.certified_at > saga.requested.due_at:
            yield Kind.LATE, "certified after it was due"
    for what in backdated(saga, said, said_at):
        yield Kind.FORGED, what
    yield from _twice(opened.facts.values())
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


def _twice(facts: Collection[Fact]) -> Iterator[Said]:
    """Name answers that were given again in other words: the first counts."""
    requests = [fact for fact in facts if isinstance(fact, Requested)]
    if len(requests) > 1:
        yield Kind.EXTRA, f"{len(requests)} different requests have this id"
    given = [(fact.by, fact.attempt) for fact in facts if isinstance(fact, Receipt)]
    if len(set(given)) == len(given):
        return
    receipts = Counter(given)
    for (name, attempt), count in sorted(receipts.items()):
        if count > 1:
            yield Kind.EXTRA, f"{name} gave {count} different receipts for attempt {attempt}"
