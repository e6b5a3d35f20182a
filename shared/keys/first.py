"""The first records of a topic: keys signed by the root, the register, the wordings.

They have one subject, so they stand in one partition, in order, before anything that needs them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from contracts.errors import BadInput
from contracts.messages import (
    KeyPublished,
    KeyRetired,
    KeyRevoked,
    Message,
    RegisterPublished,
    WordingPublished,
    encode,
    uuid7,
)
from contracts.proof import Proof, Record, Signer, seal
from contracts.reading import open_record
from contracts.topics import ERASURE, ERASURE_SERVICE, REGISTER, partition_of
from contracts.trust import KeyNews, KeyRing, Trust
from contracts.vocabulary import MessageType, Role
from shared.keys.files import KeysWrong, load_ring, load_trust, root_signer, signer_for
from shared.settings import Settings

OfRegister: TypeAlias = RegisterPublished | KeyNews | WordingPublished
REGISTER_TYPES: Final = frozenset(
    {
        MessageType.KEY_PUBLISHED,
        MessageType.KEY_RETIRED,
        MessageType.KEY_REVOKED,
        MessageType.REGISTER_PUBLISHED,
    }
)
READ_TYPES: Final = REGISTER_TYPES | {MessageType.WORDING_PUBLISHED}
POLL_MS: Final = 500
log = structlog.get_logger()


def register_partition(settings: Settings) -> int:
    """Return the partition of `erasure.v1` that holds keys and register."""
    return partition_of(REGISTER, settings.partitions_of(ERASURE.name))


def first_records(
    settings: Settings,
    participants: Iterable[str] | None,
    known: Sequence[Message],
    wordings: Iterable[WordingPublished] = (),
) -> list[tuple[Record, Proof]]:
    """Return the records that are missing on the register partition, in the order to send them.

    `known` is what `read_register` gave. Nothing is missing the second time. The register gets
    its next version when its participants changed; for None it stays as it is. Of `wordings`
    each service says those that nobody has said. Raises MissingSecret without the root key,
    KeysWrong for a text that was published otherwise.
    """
    published = {message.key_id for message in known if isinstance(message, KeyPublished)}
    versions = [message for message in known if isinstance(message, RegisterPublished)]
    names = None if participants is None else tuple(sorted(set(participants)))
    found: list[tuple[Record, Proof]] = []
    trust = load_trust(settings)
    keys = [
        KeyPublished(**key.model_dump(exclude={"not_after", "revoked_from"}))
        for key in trust.keys
        if key.key_id not in published
    ]
    news = [some for some in (keys, *_ends(trust, known)) if some]
    found += [_sealed(settings, some, root_signer(settings)) for some in news]
    if names is not None and (not versions or versions[-1].participants != names):
        version = versions[-1].version + 1 if versions else 1
        register = RegisterPublished(version=version, participants=names)
        signer = signer_for(settings, ERASURE_SERVICE, Role.SERVICE)
        found.append(_sealed(settings, [register], signer))
    return [*found, *_wordings(settings, wordings, known)]


def _wordings(
    settings: Settings, wordings: Iterable[WordingPublished], known: Sequence[Message]
) -> list[tuple[Record, Proof]]:
    """Return the records of texts that the topic does not have, one for each service."""
    said = {message.name: message for message in known if isinstance(message, WordingPublished)}
    news: dict[str, list[WordingPublished]] = {}
    for one in wordings:
        if said.get(one.name, one) != one:
            message = (
                f"wording {one.wording} version {one.version} ({one.language}) of {one.service} is "
                "not the text that was published: write a new version beside it"
            )
            raise KeysWrong(message)
        if one.name not in said:
            news.setdefault(one.service, []).append(one)
    return [
        _sealed(settings, some, signer_for(settings, service, Role.SERVICE))
        for service, some in news.items()
    ]


def _ends(trust: Trust, known: Sequence[Message]) -> tuple[list[KeyRetired], list[KeyRevoked]]:
    """Say which ends of keys the topic does not know."""
    said = {message for message in known if isinstance(message, KeyRetired | KeyRevoked)}
    retired = [
        KeyRetired(key_id=key.key_id, not_after=key.not_after)
        for key in trust.keys
        if key.not_after is not None
    ]
    revoked = [
        KeyRevoked(key_id=key.key_id, places=key.revoked_from)
        for key in trust.keys
        if key.revoked_from is not None
    ]
    return [one for one in retired if one not in said], [one for one in revoked if one not in said]


def _sealed(
    settings: Settings, messages: Sequence[Message], signer: Signer
) -> tuple[Record, Proof]:
    now = datetime.now(UTC)
    lines = tuple(
        encode(message, source=signer.service, id=uuid7(), time=now) for message in messages
    )
    kind = messages[0].type.value
    record = Record(ERASURE.name, register_partition(settings), kind, None, lines)
    (proof,) = seal([record], signer)
    return record, proof


async def read_register(settings: Settings, ring: KeyRing) -> list[OfRegister]:
    """Read keys and register from the start of their partition to its present end.

    Published keys are learnt by `ring`. Records that do not hold are passed over with a warning:
    whoever wrote them is not believed. Raises KafkaError.
    """
    place = TopicPartition(settings.topic(ERASURE.name), register_partition(settings))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, group_id=None, enable_auto_commit=False
    )
    found: list[OfRegister] = []
    try:
        await consumer.start()
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            batches = await consumer.getmany(place, timeout_ms=POLL_MS)
            for record in batches.get(place, []):
                found += _opened(settings, ring, record)
    finally:
        await consumer.stop()
    return found


def _opened(
    settings: Settings, ring: KeyRing, record: ConsumerRecord[bytes, bytes]
) -> list[OfRegister]:
    """Messages of one record, if it is one of the register and somebody permitted signed it."""
    try:
        hint = dict(record.headers).get("type", b"").decode("ascii", "replace")
        signer = ring.find(dict(record.headers).get("key", b"").hex())
        if hint not in READ_TYPES or signer is None:
            return []
        opened = open_record(
            ERASURE.name,
            record.partition,
            record.key,
            record.value or b"",
            record.headers,
            offset=record.offset,
            signer=signer,
            partitions=settings.partitions_of(ERASURE.name),
        )
        messages = [event.message for event in opened.events]
        for message in messages:
            if isinstance(message, KeyNews):
                ring.learn(message)
    except BadInput as error:
        log.warning("register-record-refused", error=type(error).__name__)
        return []
    return [m for m in messages if isinstance(m, OfRegister)]


async def publish_first(
    settings: Settings,
    participants: Iterable[str] | None,
    wordings: Iterable[WordingPublished] = (),
) -> int:
    """Send what is missing on the register partition; gives how many records were sent.

    `participants` None: of keys only, and `wordings`.

    To be called after the topics exist and before any worker starts. Raises KafkaError,
    MissingSecret, KeysWrong.
    """
    known = await read_register(settings, load_ring(settings))
    missing = first_records(settings, participants, known, wordings)
    if not missing:
        return 0
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True
    )
    try:
        await producer.start()
        for record, proof in missing:
            await producer.send_and_wait(
                settings.topic(record.topic),
                value=record.value,
                partition=record.partition,
                headers=proof.headers(),
            )
    finally:
        await producer.stop()
    return len(missing)
