"""Messages and their bytes: one CloudEvents 1.0 event a line, lines in a record.

A record's value is CloudEvents' JSON batch format laid out so that bytes can be addressed:
`[`, line end, events joined by `,` and line end, line end, `]`. What is hashed and signed is a
line as sent, never an event written again.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

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
_SERVICE = r"[a-z][a-z0-9]{0,30}"
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?Z"
_SOURCE_FORM = re.compile(f"{_SOURCE}({_SERVICE})")
_ID_FORM, _TIME_FORM = re.compile(_ID), re.compile(_TIME)
# A line exactly as `encode` writes it, up to its data.
_OWN_FORM = re.compile(
    (
        rf'{{"specversion":"1\.0","id":"({_ID})","source":"{_SOURCE}({_SERVICE})",'
        rf'"type":"(dev\.expunge\.([a-z-]{{1,40}})\.v1)","time":"({_TIME})",'
        rf'"subject":"([a-z0-9-]{{1,36}})","datacontenttype":"{CONTENT_TYPE}",'
        rf'"dataschema":"https://expunge\.dev/schemas/\4/v1/producer\.schema\.json",'
        r'"data":({.*})}'
    ).encode()
)
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


_BY_EVENT_TYPE = {
    event_type(kind): (message, schema_url(kind)) for kind, message in MESSAGES.items()
}


class Event(NamedTuple):
    """One parsed line. `source` is the service's name; `subject` decides the partition."""

    id: str
    source: str
    type: MessageType
    time: datetime
    subject: str
    message: Message


def _plain(value: Any) -> Any:
    """Give orjson the fields of a value inside a message, and a driver's own UUID as text."""
    if isinstance(value, Held):
        return value.__dict__
    if isinstance(value, UUID):
        return str(value)
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
            "time": time.astimezone(UTC),
            "subject": message.subject,
            "datacontenttype": CONTENT_TYPE,
            "dataschema": schema_url(message.type),
            "data": message.__dict__,  # spelled as `_spelled` does
        },
        default=_plain,
        option=orjson.OPT_UTC_Z,
    )


def _spelled(message: Message) -> bytes:
    """Write a message's fields the one way we write them."""
    return orjson.dumps(message.__dict__, default=_plain, option=orjson.OPT_UTC_Z)


def _covers(said: Any, spelled: Any) -> bool:
    """Say whether everything `spelled` stands in `said` just so; what is beside it is unknown."""
    if isinstance(spelled, dict):
        return all(_covers(said[name], value) for name, value in spelled.items() if name in said)
    if isinstance(spelled, list):
        return len(said) == len(spelled) and all(map(_covers, said, spelled))
    return bool(said == spelled)


def parse(line: bytes) -> Event:
    """Read one line: one CloudEvent of a known type whose subject is its data's.

    Unknown attributes and fields are passed over, so that a newer producer is understood. Ids,
    times and lists of known fields have one spelling only: certificates repeat them, and are
    compared with the lines as text. Whatever else JSON leaves open, such as spaces, is free.
    Raises BadMessage, which never holds any of the input.
    """
    if len(line) > MAX_LINE_BYTES or b"\n" in line:
        raise BadMessage
    try:
        return _parse_own(line) or _parse_any(line)
    except (KeyError, TypeError, ValueError, OverflowError):  # ValidationError is a ValueError
        raise BadMessage from None


def _parse_own(line: bytes) -> Event | None:
    """Read a line that is byte for byte as we write it; None if it is not.

    Its data written again is the same, so no key is in it twice and nothing unknown: that is
    the cheap way, half the time of the other.
    """
    found = _OWN_FORM.fullmatch(line)
    if found is None:
        return None
    event_id, source, kind, _, time, subject, data = found.groups()
    message_class, _ = _BY_EVENT_TYPE[kind.decode()]
    message = message_class.model_validate_json(data, strict=True, extra="ignore")
    named = message.subject
    if _spelled(message) != data or subject != named.encode():
        return None
    return Event(
        event_id.decode(),
        source.decode(),
        message_class.type,
        datetime.fromisoformat(time.decode()),
        named,
        message,
    )


def _parse_any(line: bytes) -> Event:
    """Read a line of any writer of JSON."""
    event = load_object(line, MAX_LINE_BYTES)
    message_class, schema = _BY_EVENT_TYPE[event["type"]]
    source = _SOURCE_FORM.fullmatch(event["source"])
    if (
        source is None
        or _ID_FORM.fullmatch(event["id"]) is None
        or _TIME_FORM.fullmatch(event["time"]) is None
        or event["specversion"] != SPEC_VERSION
        or event["datacontenttype"] != CONTENT_TYPE
        or event["dataschema"] != schema
    ):
        raise BadMessage
    message = message_class.model_validate_json(
        orjson.dumps(event["data"]), strict=True, extra="ignore"
    )
    spelled = orjson.loads(_spelled(message))
    if event["subject"] != message.subject or not _covers(event["data"], spelled):
        raise BadMessage
    return Event(
        id=event["id"],
        source=source[1],
        type=message_class.type,
        time=datetime.fromisoformat(event["time"]),
        subject=message.subject,
        message=message,
    )


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
