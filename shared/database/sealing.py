"""From messages told to signed records in the outbox.

A record holds the messages of one type that one transaction tells to one partition, one a line.
The ids of `closed.v1` are written first, so that the relay sends what was closed before the
receipt that says so. Bytes and proofs are decided here, once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts.messages import Message, encode, uuid7
from contracts.proof import Proof, Record, Signer, record_id, seal
from contracts.topics import CLOSED, MAX_RECORD_BYTES, partition_of
from shared.database.headers import pack_headers

_FRAME_BYTES: Final = len(b"[\n\n]")
_BETWEEN_BYTES: Final = len(b",\n")


class TooMuchTold(RuntimeError):  # noqa: N818
    """One transaction told more than MAX_TRANSACTION_LINES of one type: split the batch."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """One message as it will be on the topic: enough to store a receipt that is sent verbatim.

    `bytes` is the line, `line` its index in the record; `value` and `headers` are the record's;
    `topic` is the bare name.
    """

    message: Message
    record: Record
    record_id: bytes
    proof: Proof
    line: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    bytes: bytes

    @property
    def topic(self) -> str:
        """Topic, without namespace."""
        return self.record.topic

    @property
    def partition(self) -> int:
        """Partition the record goes to."""
        return self.record.partition


@dataclass(slots=True)
class _Draft:
    """A record while it fills: places are indexes into what was told."""

    topic: str
    partition: int
    type: str
    key: bytes | None
    lines: list[bytes]
    places: list[int]
    size: int = _FRAME_BYTES


def seal_messages(
    told: Sequence[Message],
    *,
    signer: Signer,
    now: datetime,
    partitions_of: Callable[[str], int],
) -> list[Sealed]:
    """Encode, group and sign messages; return one Sealed a message, in the order told."""
    drafts = _group(told, signer=signer, now=now, partitions_of=partitions_of)
    drafts.sort(key=lambda draft: draft.topic != CLOSED.name)
    records = [
        Record(draft.topic, draft.partition, draft.type, draft.key, tuple(draft.lines))
        for draft in drafts
    ]
    found: list[Sealed | None] = [None] * len(told)
    for draft, record, proof in zip(drafts, records, seal(records, signer), strict=True):
        name, value, headers = record_id(record), record.value, tuple(proof.headers())
        for line, place in enumerate(draft.places):
            found[place] = Sealed(
                told[place], record, name, proof, line, value, headers, record.lines[line]
            )
    return [sealed for sealed in found if sealed is not None]


def _group(
    told: Sequence[Message],
    *,
    signer: Signer,
    now: datetime,
    partitions_of: Callable[[str], int],
) -> list[_Draft]:
    drafts: list[_Draft] = []
    latest: dict[tuple[str, str, int, bytes | None], _Draft] = {}
    for place, message in enumerate(told):
        line = encode(message, source=signer.service, id=uuid7(), time=now)
        topic, key = message.topic, message.key
        partition = partition_of(message.subject, partitions_of(topic.name))
        group = (topic.name, message.type, partition, key)
        draft = latest.get(group)
        size = len(line) + _BETWEEN_BYTES
        if (
            draft is None
            or len(draft.lines) >= topic.max_batch
            or draft.size + size > MAX_RECORD_BYTES
        ):
            draft = _Draft(topic.name, partition, message.type, key, [], [])
            drafts.append(draft)
            latest[group] = draft
        draft.lines.append(line)
        draft.places.append(place)
        draft.size += size
    return drafts


async def write_outbox(connection: Any, sealed: Sequence[Sealed]) -> None:
    """Write each record once, in the order of sending: one statement."""
    records: dict[bytes, Sealed] = {}
    for entry in sealed:
        records.setdefault(entry.record_id, entry)
    rows = sorted(records.values(), key=lambda entry: entry.topic != CLOSED.name)
    await connection.execute(
        """
        insert into outbox (topic, partition, key, value, headers)
        select topic, partition, key, value, headers
          from unnest($1::text[], $2::integer[], $3::bytea[], $4::bytea[], $5::bytea[])
               with ordinality as told (topic, partition, key, value, headers, place)
         order by place
        """,
        [entry.topic for entry in rows],
        [entry.partition for entry in rows],
        [entry.record.key for entry in rows],
        [entry.value for entry in rows],
        [pack_headers(entry.headers) for entry in rows],
    )
