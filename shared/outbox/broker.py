"""Which log this is: the cluster's id and each topic's id, as the broker gives them.

aiokafka speaks Metadata up to version 5, which knows no topic ids; version 12 does (KIP-516,
Kafka 2.8 and later). A position is only worth something together with both ids: a topic that was
deleted and made again has the same name and other contents.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar, Final
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

NO_TOPIC_ID: Final = UUID(int=0)


class _Uuid(AbstractType):  # type: ignore[misc]
    """16 bytes, most significant first."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_TAGS = ("tags", TaggedFields)
_NAME = CompactString("utf-8")


class MetadataResponseV12(Response):  # type: ignore[misc]
    """Metadata response, version 12 (flexible)."""

    API_KEY: ClassVar[int] = 3
    API_VERSION: ClassVar[int] = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32), ("host", _NAME), ("port", Int32), ("rack", _NAME), _TAGS
            ),
        ),
        ("cluster_id", _NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", _NAME),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class MetadataRequestV12(RequestStruct):  # type: ignore[misc]
    """Metadata request, version 12 (flexible)."""

    API_KEY: ClassVar[int] = 3
    API_VERSION: ClassVar[int] = 12
    FLEXIBLE_VERSION: ClassVar[bool] = True
    RESPONSE_TYPE = MetadataResponseV12
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("topic", _NAME), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_authorized_operations", Boolean),
        _TAGS,
    )


class MetadataRequestWithIds(Request[MetadataRequestV12]):  # type: ignore[misc]
    """Ask for the topics by name; the answer names their ids."""

    API_KEY: ClassVar[int] = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[MetadataRequestV12]) -> MetadataRequestV12:
        no_tags: dict[int, bytes] = {}
        names = [(NO_TOPIC_ID, topic, no_tags) for topic in self._topics]
        create = authorized = False
        return request_struct_class(names, create, authorized, no_tags)


@dataclass(frozen=True, slots=True)
class Identity:
    """The cluster, and each existing topic's id and number of partitions, by the broker's names."""

    cluster_id: str
    topic_ids: dict[str, UUID]
    partitions: dict[str, int]


async def identity(client: AIOKafkaClient, topics: list[str]) -> Identity:
    """Ask any broker for the ids. A topic that does not exist is absent from the answer.

    Raises KafkaConnectionError when no broker answers.
    """
    node = client.get_random_node()
    if node is None:
        raise KafkaConnectionError
    try:
        answer = await client.send(node, MetadataRequestWithIds(topics))
    except NodeNotReadyError as error:
        raise KafkaConnectionError from error
    found = [entry for entry in answer.topics if entry[0] == 0]
    return Identity(
        cluster_id=answer.cluster_id,
        topic_ids={entry[1]: entry[2] for entry in found},
        partitions={entry[1]: len(entry[4]) for entry in found},
    )
