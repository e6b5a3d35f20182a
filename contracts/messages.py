"""Messages and their bytes: one CloudEvents 1.0 event a line, lines in a record.

A record's value is CloudEvents' JSON batch format laid out so that bytes can be addressed:
`[`, line end, events joined by `,` and line end, line end, `]`. What is hashed and signed is a
line as sent, never an event written again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from contracts.consent import ConsentGranted, ConsentWithdrawn
from contracts.erasure import (
    AliasesDestroyed,
    ErasureCertified,
    ErasureRequested,
    Receipt,
    SagaExtended,
    SagaReminded,
    SliceErased,
    SliceFailed,
    SliceReerased,
    SliceVerified,
    SubjectsClosed,
)
from contracts.errors import BadMessage, BadRecord
from contracts.fields import Held, Message
from contracts.identifiers import uuid7
from contracts.register import KeyPublished, RegisterPublished
from contracts.strict_json import load_object
from contracts.topics import MAX_RECORD_BYTES
from contracts.vocabulary import MessageType

__all__ = [
    "MESSAGES",
    "AliasesDestroyed",
    "ConsentGranted",
    "ConsentWithdrawn",
    "ErasureCertified",
    "ErasureRequested",
    "Event",
    "Held",
    "KeyPublished",
    "Message",
    "Receipt",
    "RegisterPublished",
    "SagaExtended",
    "SagaReminded",
    "SliceErased",
    "SliceFailed",
    "SliceReerased",
    "SliceVerified",
    "SubjectsClosed",
    "encode",
    "join_lines",
    "parse",
    "split_lines",
    "uuid7",
]

MAX_LINE_BYTES = MAX_RECORD_BYTES - len(b"[\n\n]")
SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
_SOURCE = "expunge:"
_OPEN, _BETWEEN, _CLOSE = b"[\n", b",\n", b"\n]"

MESSAGES: dict[MessageType, type[Message]] = {
    message.type: message
    for message in (
        ConsentGranted,
        ConsentWithdrawn,
        ErasureRequested,
        SagaExtended,
        SagaReminded,
        SliceErased,
        SliceReerased,
        SliceFailed,
        SliceVerified,
        SubjectsClosed,
        ErasureCertified,
        AliasesDestroyed,
        KeyPublished,
        RegisterPublished,
    )
}


def event_type(message_type: MessageType) -> str:
    """CloudEvents `type`: reverse domain, our type, version."""
    return f"dev.expunge.{message_type.value}.v1"


def schema_url(message_type: MessageType) -> str:
    """CloudEvents `dataschema`: a name with a version; nothing is fetched from it."""
    return f"https://expunge.dev/schemas/{message_type.value}/v1/producer.schema.json"


_BY_EVENT_TYPE = {event_type(kind): message for kind, message in MESSAGES.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One parsed line. `source` is the service's name; `subject` decides the partition."""

    id: UUID
    source: str
    type: MessageType
    time: datetime
    subject: str
    message: Message


def _plain(value: Any) -> Any:
    """Give orjson the fields of a value inside a message."""
    if isinstance(value, Held):
        return value.__dict__
    raise TypeError


def encode(message: Message, *, source: str, id: UUID, time: datetime) -> bytes:  # noqa: A002
    """One message as one line of compact JSON, without a line end.

    `source` is the name of the service that speaks, `id` a UUIDv7, `time` aware of its zone.
    """
    return orjson.dumps(
        {
            "specversion": SPEC_VERSION,
            "id": id,
            "source": _SOURCE + source,
            "type": event_type(message.type),
            "time": time,
            "subject": message.subject,
            "datacontenttype": CONTENT_TYPE,
            "dataschema": schema_url(message.type),
            "data": message.__dict__,
        },
        default=_plain,
        option=orjson.OPT_UTC_Z,
    )


def parse(line: bytes) -> Event:
    """Read one line: one CloudEvent of a known type whose subject is its data's.

    Unknown attributes and fields are passed over, so that a newer producer is understood.
    Raises BadMessage, which never holds any of the input.
    """
    try:
        event = load_object(line, MAX_LINE_BYTES)
        message_class = _BY_EVENT_TYPE[event["type"]]
        source = event["source"]
        if (
            b"\n" in line
            or event["specversion"] != SPEC_VERSION
            or event["datacontenttype"] != CONTENT_TYPE
            or event["dataschema"] != schema_url(message_class.type)
            or not source.startswith(_SOURCE)
        ):
            raise BadMessage
        message = message_class.model_validate_json(
            orjson.dumps(event["data"]), strict=True, extra="ignore"
        )
        if event["subject"] != message.subject:
            raise BadMessage
        return Event(
            id=UUID(event["id"]),
            source=source.removeprefix(_SOURCE),
            type=message_class.type,
            time=datetime.fromisoformat(event["time"]),
            subject=event["subject"],
            message=message,
        )
    except (KeyError, TypeError, AttributeError, ValueError, ValidationError):
        raise BadMessage from None


def join_lines(lines: Sequence[bytes]) -> bytes:
    """Lay lines out as a record's value. Raises BadRecord if empty or larger than 256 kB."""
    value = _OPEN + _BETWEEN.join(lines) + _CLOSE
    if not lines or len(value) > MAX_RECORD_BYTES:
        raise BadRecord
    return value


def split_lines(value: bytes) -> list[bytes]:
    """Take a record's value apart into lines as sent, without commas and line ends.

    Raises BadRecord if the layout is another, a line is empty, or the value is too large.
    """
    if (
        len(value) > MAX_RECORD_BYTES
        or not value.startswith(_OPEN)
        or not value.endswith(_CLOSE)
        or len(value) <= len(_OPEN) + len(_CLOSE)
    ):
        raise BadRecord
    lines = value[len(_OPEN) : -len(_CLOSE)].split(_BETWEEN)
    if any(not line or b"\n" in line for line in lines):
        raise BadRecord
    return lines
