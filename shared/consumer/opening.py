"""From what the broker handed out to lines whose signer is proven.

A record fails as a whole, into quarantine, until its signature holds and its signer was permitted;
after that a line nobody can read fails alone.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aiokafka import ConsumerRecord

from contracts.errors import BadInput, BadMessage, BadProof
from contracts.messages import Event, Message, parse
from contracts.proof import Proof, PublicKey, Record, Roots, check
from contracts.reading import belongs, prove, refuse_revoked
from contracts.topics import TOPICS, Policy, may_sign
from contracts.trust import KeyNews
from contracts.vocabulary import MessageType
from shared.consumer.keyring import Keys
from shared.consumer.lines import AnyLine, Delivery, Line, Reader, Unreadable
from shared.consumer.sharing import Opened, Shared
from shared.database.pool import VERIFIER_SUFFIX
from shared.settings import Settings

KafkaRecord: TypeAlias = ConsumerRecord[bytes, bytes]
MAX_RECORDS: Final = 500  # of one transaction
MAX_LINES: Final = 2_000
OPENED_AT_ONCE: Final = 32  # about a millisecond of work
_NEWS: Final = frozenset(
    kind.value.encode()
    for kind in (MessageType.KEY_PUBLISHED, MessageType.KEY_RETIRED, MessageType.KEY_REVOKED)
)
_HINT: Final = "type"
_KEY: Final = "key"


class UnknownKey(BadInput):
    """No key with this id was ever published."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that goes to quarantine: where it stood, its bytes, and the class of the error."""

    offset: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    error: str


@dataclass(slots=True)
class Batch:
    """What one transaction will work: records of one partition up to `next_offset`.

    `lines` are those of `deliveries`, in order. `topic` is the bare name.
    """

    topic: str
    partition: int
    next_offset: int
    deliveries: list[Delivery] = field(default_factory=list)
    lines: list[AnyLine | Unreadable] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def concerns_nobody(self) -> bool:
        """Whether only the position moves."""
        return not self.deliveries and not self.refused


class Opener:
    """Opens records for one reader; `shared` is what the readers of one process have in common."""

    def __init__(
        self, settings: Settings, reader: Reader, keys: Keys, shared: Shared | None = None
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._shared = shared
        self._roots = Roots()
        self._everything = reader.evidence is not None
        # Every reader hears what changes about keys: who was believed a moment ago may not be now.
        self._hints = _NEWS | _types(reader.reactions)
        self._own = _types(reader.own) if not self._everything else frozenset()
        self._slice = reader.service.removesuffix(VERIFIER_SUFFIX)

    async def open(self, topic: str, partition: int, records: Sequence[KafkaRecord]) -> Batch:
        """Open records of one partition, from the first on: MAX_RECORDS, or MAX_LINES together.

        The next call begins at the batch's `next_offset`. Other tasks run in between: the
        database works on the batch before this one meanwhile. The headers of type and key let a
        record be skipped unopened; they are hints, and a reader that keeps evidence does not
        believe them.
        Raises KafkaError if an unknown key cannot be looked up now.
        """
        batch = Batch(topic, partition, records[0].offset)
        compacted = TOPICS[topic].policy is Policy.COMPACT
        for number, record in enumerate(records[:MAX_RECORDS], 1):
            headers = dict(record.headers)
            if compacted and record.value is None:
                pass  # a tombstone: the log forgets, no reader acts
            elif self._everything or headers.get(_HINT) in self._hints:
                key_id = headers.get(_KEY, b"").hex()
                signer = self._keys.known(key_id) or await self._keys.find(key_id)
                if not self._of_others(headers, signer):
                    self._take(batch, record, signer)
            batch.next_offset = record.offset + 1
            if len(batch.lines) >= MAX_LINES:
                break
            if number % OPENED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return batch

    def _of_others(self, headers: Mapping[str, bytes], signer: PublicKey | None) -> bool:
        """Say whether another service says what concerns this one only of itself."""
        return (
            signer is not None and signer.service != self._slice and headers.get(_HINT) in self._own
        )

    def _take(self, batch: Batch, record: KafkaRecord, signer: PublicKey | None) -> None:
        """Open one record into the batch, or take what another reader has opened already."""
        key, value, headers = record.key, record.value or b"", tuple(record.headers)
        read = (batch.topic, batch.partition, record.offset, key, value, headers, signer)
        opened = None if self._shared is None else self._shared.find(read)
        if opened is None:
            try:
                opened = self._opened(*read)
                self._learn(opened)
            except BadInput as error:
                kind = type(error).__name__
                batch.refused.append(Refused(record.offset, key, value, headers, kind))
                return
            if self._shared is not None:
                self._shared.keep(read, opened)
        batch.deliveries.append(opened.delivery)
        batch.lines.extend(opened.lines)

    def _opened(  # noqa: PLR0917
        self,
        topic: str,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes,
        headers: tuple[tuple[str, bytes], ...],
        signer: PublicKey | None,
    ) -> Opened:
        """Prove a record and cut it into lines. Raises BadInput."""
        if signer is None:
            raise UnknownKey
        refuse_revoked(signer, topic, partition, offset)
        partitions = self._settings.partitions_of(topic)
        proof = Proof.from_headers(headers)
        record = Record.from_value(topic, partition, proof.type, key, value)
        events: Sequence[Event | None]
        try:
            events = prove(record, proof, signer, partitions, self._roots)
        except BadMessage:
            events = readable(record, proof, signer, partitions, self._roots)
        delivery = Delivery(
            record, record.id, proof, topic, partition, offset, value, headers, signer
        )
        return Opened(delivery, lines_of(delivery, events))

    def _learn(self, opened: Opened) -> None:
        """Believe what the root key said about other keys, from this record on. Raises BadTrust."""
        if opened.delivery.record.type.encode() in _NEWS:
            for line in opened.lines:
                if isinstance(line, Line):
                    news = line.message
                    if isinstance(news, KeyNews):
                        self._keys.learn(news)


def _types(kinds: Iterable[type[Message]]) -> frozenset[bytes]:
    return frozenset(kind.type.value.encode() for kind in kinds)


def readable(
    record: Record, proof: Proof, key: PublicKey, partitions: int, roots: Roots
) -> list[Event | None]:
    """Read a proven record line by line; None stands for a line that is no message.

    Raises BadProof or BadRecord if the signature does not hold, or if a line that can be read is
    one that this signer may not say here.
    """
    check(record, proof, key, roots)
    events: list[Event | None] = []
    try:
        permitted = may_sign(MessageType(record.type), key.service, key.role)
    except ValueError:
        permitted = False
    if not permitted:
        raise BadProof
    for line in record.lines:
        try:
            event = parse(line)
        except BadMessage:
            events.append(None)
            continue
        if not belongs(event, record, key, partitions):
            raise BadProof
        events.append(event)
    return events


def lines_of(
    delivery: Delivery, events: Sequence[Event | None]
) -> tuple[AnyLine | Unreadable, ...]:
    """Pair each line's bytes with what was read from them."""
    found: list[AnyLine | Unreadable] = []
    for index, (line, event) in enumerate(zip(delivery.record.lines, events, strict=True)):
        if event is None:
            found.append(Unreadable(delivery, index, line))
        else:
            found.append(Line(event.message, event, delivery, index, line))
    return tuple(found)
