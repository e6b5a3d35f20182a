"""What a field of a message may be, and what every message has.

Every string is constrained to something no address and no full name fits into: an id, a hash,
a time, a word of the vocabulary, or a pattern without @ and space (R-POL-05).
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, get_type_hints

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.identifiers import spell_id
from contracts.spelling import COUNT, NUMBER, TIME, Spelling, list_of, spelling_of
from contracts.topics import REGISTER, Topic
from contracts.vocabulary import Ground, MessageType, ServiceName

MAX_SERVICES = 100  # names in a scope or register
MAX_TABLES = 100  # tables counted in a receipt
MAX_HELD = 50  # holds named in a receipt
MAX_RECIPIENTS = 100  # recipients outside that a receipt names
MAX_PARTITIONS = 1_000  # places that a revocation names
MAX_COUNT = 2**53 - 1  # what every JSON reader can count to (RFC 8259 section 6)
EVERYTHING = "everything"


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _sorted_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError
    return tuple(sorted(names))


def read_services(text: str) -> tuple[str, ...]:
    """Read names that are sorted, each once, and not too many."""
    names: list[str] = orjson.loads(text)
    if names != sorted(set(names)) or len(names) > MAX_SERVICES:
        raise ValueError
    return tuple(names)


def _read_recipients(text: str) -> tuple[str, ...]:
    """Read names of recipients: sorted, each once, and not too many."""
    if text == "[]":
        return ()
    names: list[str] = orjson.loads(text)
    if names != sorted(set(names)) or len(names) > MAX_RECIPIENTS:
        raise ValueError
    return tuple(names)


def _read_rows(text: str) -> dict[str, int]:
    """Read counts by table; no table twice, and not too many."""
    rows: dict[str, int] = orjson.loads(text)
    if len(rows) != text.count(":") or len(rows) > MAX_TABLES:
        raise ValueError
    return rows


Time = Annotated[AwareDatetime, AfterValidator(_utc), TIME]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT, strict=True), COUNT]
Number = Annotated[int, Field(ge=1, le=MAX_COUNT, strict=True), NUMBER]
TopicName = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}\.v[0-9]{1,2}$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Purpose = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}(\.[a-z0-9_]{1,30}){1,3}$")
]
Wording = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,62}$")]
FormName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
# A day of this century, or a release such as 1.4.0; too short for a network address.
PolicyVersion = Annotated[
    str,
    StringConstraints(
        pattern=r"^(20[0-9]{2}-[0-9]{2}-[0-9]{2}|[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?)$"
    ),
]
# A paragraph of a law: hgb-257, ao-147-1. Never a name, so it needs a number.
LegalReference = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,12}(-[0-9]{1,4}[a-z]?){1,3}$")]
# A recipient's name in the operator's register: a company's, never a person's.
RecipientName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
# The name of an error class of ours.
ErrorName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{1,60}$")]
SERVICES = Spelling(list_of(spelling_of(ServiceName)), read_services, quoted=False)
Services = Annotated[
    tuple[ServiceName, ...], Field(max_length=MAX_SERVICES), AfterValidator(_sorted_once), SERVICES
]
RECIPIENTS = Spelling(list_of(spelling_of(RecipientName)), _read_recipients, quoted=False)
Recipients = Annotated[
    tuple[RecipientName, ...],
    Field(max_length=MAX_RECIPIENTS),
    AfterValidator(_sorted_once),
    RECIPIENTS,
]
_ROW = f"{spelling_of(TableName).whole}:{COUNT.whole}"
ROWS = Spelling(rf"\{{(?:{_ROW}(?:,{_ROW})*)?\}}", _read_rows, quoted=False)
Rows = Annotated[dict[TableName, Count], Field(max_length=MAX_TABLES), ROWS]


class Frozen(BaseModel):
    """A value that never changes and holds no field it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RevokedFrom(Frozen):
    """From this offset of a partition on, a revoked key is not believed; `topic` is bare."""

    topic: TopicName
    partition: Count
    offset: Count


class Held(Frozen):
    """Something kept in spite of a request, until a day (GDPR Art. 17(3))."""

    ground: Ground
    reference: LegalReference
    until: Time
    rows: Count


def _read_holds(text: str) -> tuple[Held, ...]:
    """Read what is kept; not too many."""
    if text == "[]":
        return ()
    holds = tuple(map(Held.model_validate, orjson.loads(text)))
    if len(holds) > MAX_HELD:
        raise ValueError
    return holds


def _object_of(model: type[BaseModel]) -> Spelling:
    """Spell a value with fields of its own."""
    hints = get_type_hints(model, include_extras=True)
    written = (f'"{name}":{spelling_of(hints[name]).whole}' for name in model.model_fields)
    return Spelling(rf"\{{{','.join(written)}\}}", quoted=False)


def _read_places(text: str) -> tuple[RevokedFrom, ...]:
    """Read places, each once, at least one, and not too many."""
    return _each_once(tuple(map(RevokedFrom.model_validate, orjson.loads(text))))


def _each_once(places: tuple[RevokedFrom, ...]) -> tuple[RevokedFrom, ...]:
    if len({(place.topic, place.partition) for place in places}) != len(places):
        raise ValueError
    if not 0 < len(places) <= MAX_PARTITIONS:
        raise ValueError
    return places


PLACES = Spelling(list_of(_object_of(RevokedFrom)), _read_places, quoted=False)
Places = Annotated[
    tuple[RevokedFrom, ...],
    Field(min_length=1, max_length=MAX_PARTITIONS),
    AfterValidator(_each_once),
    PLACES,
]
HOLDS = Spelling(list_of(_object_of(Held)), _read_holds, quoted=False)
Holds = Annotated[tuple[Held, ...], Field(max_length=MAX_HELD), HOLDS]


class Message(Frozen):
    """What one service tells the others. No field of any message can hold an address."""

    topic: ClassVar[Topic]
    type: ClassVar[MessageType]
    key_end: ClassVar[bytes | None] = None  # what follows the subject in the record's Kafka key

    # Fields with the id that the message is about: the first of them that there is.
    about: ClassVar[tuple[str, ...]] = ()

    @property
    def subject(self) -> str:
        """Return the id that decides the partition; all that is said about it is in order there.

        What is about no id is about the register.
        """
        for name in self.about:
            found = getattr(self, name)
            if found is not None:
                return spell_id(found)
        return REGISTER

    @property
    def key(self) -> bytes | None:
        """Return the record's Kafka key, on topics that are compacted."""
        return None if self.key_end is None else self.subject.encode() + self.key_end

    def speaks_for(self, service: str) -> bool:
        """Say whether a signer of this service may say this, as far as the fields tell."""
        del service
        return True
