"""One message as one line: a CloudEvents 1.0 event in compact JSON."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from contracts.fields import Held, Message, RevokedFrom
from contracts.vocabulary import MessageType

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
SOURCE = "expunge:"


class Event(NamedTuple):
    """One parsed line. `source` is the service's name; `subject` decides the partition."""

    id: str
    source: str
    type: MessageType
    time: datetime
    subject: str
    message: Message


def event_type(message_type: MessageType) -> str:
    """CloudEvents `type`: reverse domain, our type, version."""
    return f"dev.expunge.{message_type.value}.v1"


def schema_url(message_type: MessageType) -> str:
    """CloudEvents `dataschema`: a name with a version; nothing is fetched from it."""
    return f"https://expunge.dev/schemas/{message_type.value}/v1/producer.schema.json"


def _plain(value: Any) -> Any:
    """Give orjson the fields of a value inside a message, and a driver's own UUID as text."""
    if isinstance(value, Held | RevokedFrom):
        return value.__dict__
    if isinstance(value, UUID):
        return str(value)
    raise TypeError


def spelled(message: Message) -> bytes:
    """Write a message's fields the one way we write them."""
    return orjson.dumps(message.__dict__, default=_plain, option=orjson.OPT_UTC_Z)


@lru_cache(maxsize=1024)
def _fixed(message: type[Message], source: str) -> tuple[bytes, bytes, bytes]:
    """Write what all lines of a type and service share: up to the id, to the time, to the data."""
    first = orjson.dumps({"specversion": SPEC_VERSION})
    middle = orjson.dumps({"source": SOURCE + source, "type": event_type(message.type)})
    last = orjson.dumps({"datacontenttype": CONTENT_TYPE, "dataschema": schema_url(message.type)})
    return (
        first[:-1] + b',"id":',
        b"," + middle[1:-1] + b',"time":',
        b"," + last[1:-1] + b',"data":',
    )


def encode(message: Message, *, source: str, id: UUID, time: datetime) -> bytes:  # noqa: A002
    """One message as one line of compact JSON, without a line end.

    `source` is the name of the service that speaks, `id` a UUIDv7, `time` aware of its zone.
    """
    before_id, before_time, before_data = _fixed(type(message), source)
    return b"".join(
        (
            before_id,
            orjson.dumps(id, default=str),
            before_time,
            orjson.dumps(time.astimezone(UTC), option=orjson.OPT_UTC_Z),
            b',"subject":"',
            message.subject.encode(),
            b'"',
            before_data,
            spelled(message),
            b"}",
        )
    )
