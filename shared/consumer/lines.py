"""What a reaction sees: one message as it was consumed, with everything that proves it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from contracts.messages import Event, Message
from contracts.proof import Proof, PublicKey, Record
from shared.database import Transaction

M = TypeVar("M", bound=Message)
Octets = bytes  # inside `Line` the name is taken


class Delivery(NamedTuple):
    """One record as read from a topic, after its proof held.

    `value` and `headers` are the bytes as they were read; `record` is the same cut into lines.
    `signer` is None where a parked line's record is read again: who signed was checked before.
    """

    record: Record
    record_id: bytes
    proof: Proof
    topic: str
    partition: int
    offset: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    signer: PublicKey | None = None


class Line(NamedTuple, Generic[M]):
    """One message of one record. `topic` is the name in `contracts.topics`, without namespace."""

    message: M
    event: Event
    delivery: Delivery
    line: int
    bytes: bytes

    @property
    def record(self) -> Record:
        """The record the line came in."""
        return self.delivery.record

    @property
    def record_id(self) -> Octets:
        """The 32 bytes that name the record (see contracts/proof.py)."""
        return self.delivery.record_id

    @property
    def proof(self) -> Proof:
        """Signature and paths of the record."""
        return self.delivery.proof

    @property
    def topic(self) -> str:
        """Topic, without namespace."""
        return self.delivery.topic

    @property
    def partition(self) -> int:
        """Partition the record was read from."""
        return self.delivery.partition

    @property
    def offset(self) -> int:
        """Offset the record was read from."""
        return self.delivery.offset


class Unreadable(NamedTuple):
    """A line of a proven record that is no message of this version of the contracts."""

    delivery: Delivery
    line: int
    bytes: bytes


AnyLine = Line[Any]
Reaction = Callable[[Transaction, Sequence[AnyLine]], Awaitable[None]]
Reactions = Mapping[type[Message], Reaction]
Before = Callable[[Sequence[AnyLine]], Awaitable[Any]]
Evidence = Callable[[Transaction, Sequence[Delivery]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """What one service hears.

    `service` names database and consumer group (`newsletter`, `newsletter_verifier`).
    `topics` are names of `contracts.topics`. `reactions` are called inside the transaction with
    adjacent lines of one type in offset order. `before` runs outside of the transaction with the
    lines of a batch that somebody reacts to; its result is at `tx.context`. `evidence` stores
    whole records, also those whose lines nobody here can read.
    `replayable`: types whose effect is final by state, so that no inbox row is written for them.
    `unordered`: types that are handed over although an earlier line of the same id is parked or
    waits for its claim check. A service's own receipts and verifications are always unordered.
    `own`: types of which only what a key of this very service signed concerns this reader, be it
    the slice's or its verifier's; records of others are passed over unopened.
    """

    service: str
    topics: Sequence[str]
    reactions: Reactions
    before: Before | None = None
    evidence: Evidence | None = None
    replayable: frozenset[type[Message]] = field(default=frozenset())
    unordered: frozenset[type[Message]] = field(default=frozenset())
    own: frozenset[type[Message]] = field(default=frozenset())


class Park(Exception):  # noqa: N818 - it says what to do with the line
    """A reaction refuses a line for good: set it aside for a person to look at."""
