"""From a record as it was read to messages somebody was permitted to send.

What fails here goes to quarantine as a whole: nothing is known about it but where it stood.
"""

from typing import NamedTuple

from contracts.errors import BadProof, RevokedKey
from contracts.messages import Event, parse_all
from contracts.proof import Headers, Proof, PublicKey, Record, Roots, check
from contracts.topics import TOPICS, may_sign, partition_of


class Opened(NamedTuple):
    """A record whose signer is proven, and its messages in order, one for each line."""

    record: Record
    record_id: bytes
    proof: Proof
    signer: PublicKey
    events: tuple[Event, ...]


def prove(
    record: Record, proof: Proof, key: PublicKey, partitions: int, roots: Roots | None = None
) -> tuple[Event, ...]:
    """Check a record completely and give its messages.

    `partitions` is the number of partitions of its topic. Beyond signature and paths: each line
    is one message of the record's type, with the record's key, on its topic, in the partition of
    its subject, sent by the service that signed, within the key's validity; and this service and
    role may send the type. Raises BadProof, BadRecord or BadMessage.
    """
    check(record, proof, key, roots)
    events = parse_all(record.lines, record.type)
    first = events[0]
    if not may_sign(first.type, key.service, key.role) or record.topic != first.message.topic.name:
        raise BadProof
    for event in events:
        if not belongs(event, record, key, partitions):
            raise BadProof
    return events


def belongs(event: Event, record: Record, key: PublicKey, partitions: int) -> bool:
    """Say whether a line is one the signer of its record may say there, in that key's time."""
    _, source, kind, time, subject, message = event
    end = message.key_end
    return (
        kind == record.type
        and source == key.service
        and record.key == (None if end is None else subject.encode() + end)
        and partition_of(subject, partitions) == record.partition
        and message.speaks_for(source)
        and time >= key.not_before
        and (key.not_after is None or time <= key.not_after)
    )


def refuse_revoked(signer: PublicKey, topic: str, partition: int, offset: int) -> None:
    """Raise RevokedKey if a record stands where its signer is not believed any more."""
    if not signer.speaks_at(topic, partition, offset):
        raise RevokedKey


def open_record(
    topic: str,
    partition: int,
    key: bytes | None,
    value: bytes,
    headers: Headers,
    *,
    offset: int,
    signer: PublicKey,
    partitions: int,
    roots: Roots | None = None,
) -> Opened:
    """Open what a consumer read: `topic` without namespace, `signer` by the header's key id.

    `offset` is where the record stands in its partition: a revoked key is believed up to a place.

    Raises BadProof, RevokedKey, BadRecord or BadMessage.
    """
    proof = Proof.from_headers(headers)
    refuse_revoked(signer, topic, partition, offset)
    if topic not in TOPICS:
        raise BadProof
    record = Record.from_value(topic, partition, proof.type, key, value)
    events = prove(record, proof, signer, partitions, roots)
    return Opened(record, record.id, proof, signer, events)
