"""Messages and their bytes: one CloudEvents 1.0 event a line, lines in a record.

A record's value is CloudEvents' JSON batch format laid out so that bytes can be addressed:
`[`, line end, events joined by `,` and line end, line end, `]`. What is hashed and signed is a
line as sent, never an event written again.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from contracts.consent import ConsentGranted, ConsentWithdrawn
from contracts.erasure import (
    AliasesDestroyed,
    ErasureCertified,
    ErasureRequested,
    HoldEnded,
    ProcessorAnswered,
    Receipt,
    SagaExtended,
    SagaReminded,
    SliceErased,
    SliceFailed,
    SliceReerased,
    SliceScanned,
    SliceVerified,
    SubjectsClosed,
)
from contracts.errors import BadMessage, BadRecord
from contracts.events import (
    CONTENT_TYPE,
    SOURCE,
    SPEC_VERSION,
    Event,
    encode,
    event_type,
    schema_url,
    spelled,
)
from contracts.fields import Held, Message
from contracts.identifiers import uuid7
from contracts.own_lines import OwnLines
from contracts.register import (
    KeyPublished,
    KeyRetired,
    KeyRevoked,
    RegisterPublished,
    WordingPublished,
)
from contracts.rights import DataRectified
from contracts.spelling import ID_FORM, spelling_of
from contracts.strict_json import load_object
from contracts.topics import MAX_RECORD_BYTES
from contracts.vocabulary import MessageType, ServiceName

__all__ = [
    "MESSAGES",
    "AliasesDestroyed",
    "ConsentGranted",
    "ConsentWithdrawn",
    "DataRectified",
    "ErasureCertified",
    "ErasureRequested",
    "Event",
    "Held",
    "HoldEnded",
    "KeyPublished",
    "KeyRetired",
    "KeyRevoked",
    "Message",
    "ProcessorAnswered",
    "Receipt",
    "RegisterPublished",
    "SagaExtended",
    "SagaReminded",
    "SliceErased",
    "SliceFailed",
    "SliceReerased",
    "SliceScanned",
    "SliceVerified",
    "SubjectsClosed",
    "WordingPublished",
    "encode",
    "join_lines",
    "parse",
    "parse_all",
    "split_lines",
    "uuid7",
]

MAX_LINE_BYTES = MAX_RECORD_BYTES - len(b"[\n\n]")
_SOURCE_FORM = re.compile(f"{SOURCE}({spelling_of(ServiceName).form})")
_ID_FORM = re.compile(ID_FORM)
_TIME_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?Z")
_TYPE = re.compile(rb'"type":"dev\.expunge\.([a-z-]+)\.v1"')
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
        SliceScanned,
        SubjectsClosed,
        ErasureCertified,
        AliasesDestroyed,
        ProcessorAnswered,
        HoldEnded,
        KeyPublished,
        KeyRetired,
        KeyRevoked,
        RegisterPublished,
        WordingPublished,
        DataRectified,
    )
}


_BY_EVENT_TYPE = {
    event_type(kind): (message, schema_url(kind)) for kind, message in MESSAGES.items()
}
_OWN_LINES = {kind.value: OwnLines(message) for kind, message in MESSAGES.items()}


def _covers(said: Any, written: Any) -> bool:
    """Say whether everything `written` stands in `said` just so; what is beside it is unknown."""
    if isinstance(written, dict):
        return all(_covers(said[name], value) for name, value in written.items() if name in said)
    if isinstance(written, list):
        return len(said) == len(written) and all(map(_covers, said, written))
    return bool(said == written)


def parse(line: bytes, kind: str | None = None) -> Event:
    """Read one line: one CloudEvent of a known type whose subject is its data's.

    Unknown attributes and fields are passed over, so that a newer producer is understood. Ids,
    times and lists of known fields have one spelling only: certificates repeat them, and are
    compared with the lines as text. Whatever else JSON leaves open, such as spaces, is free.
    `kind` is what its record says it is, and saves looking for it; the line may be another.
    Raises BadMessage, which never holds any of the input.
    """
    if len(line) > MAX_LINE_BYTES or b"\n" in line:
        raise BadMessage
    try:
        return _parse_own(line, kind) or _parse_any(line)
    except (KeyError, TypeError, ValueError, OverflowError):  # ValidationError is a ValueError
        raise BadMessage from None


def parse_all(lines: Sequence[bytes], kind: str) -> tuple[Event, ...]:
    """Read the lines of a record, of the type that its header says, as `parse` reads each.

    Raises BadMessage if one of them is none.
    """
    own = _OWN_LINES.get(kind)
    if own is None:
        return tuple([parse(line, kind) for line in lines])
    if any(len(line) > MAX_LINE_BYTES or b"\n" in line for line in lines):
        raise BadMessage
    try:
        events = own.read_all(lines)
    except ValueError:
        raise BadMessage from None
    return tuple([event or parse(line, kind) for event, line in zip(events, lines, strict=True)])


def _parse_own(line: bytes, kind: str | None = None) -> Event | None:
    """Read a line that is byte for byte as we write it; None if it is not."""
    if kind is None:
        found = _TYPE.search(line)
        kind = "" if found is None else found[1].decode()
    lines_of_type = _OWN_LINES.get(kind)
    return None if lines_of_type is None else lines_of_type.read(line)


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
    written = orjson.loads(spelled(message))
    if event["subject"] != message.subject or not _covers(event["data"], written):
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
    if b"\n" not in value:
        raise BadRecord
    first, *lines, last = value.split(b"\n")
    if len(lines) > 1:
        if {line[-1:] for line in lines[:-1]} != {b","}:
            raise BadRecord
        lines[:-1] = [line[:-1] for line in lines[:-1]]
    if first != b"[" or last != b"]" or not lines or b"" in lines or len(value) > MAX_RECORD_BYTES:
        raise BadRecord
    return lines
