"""Messages of what else people may ask and do. They say that it happened, to no name."""

from typing import Annotated, ClassVar
from uuid import UUID

import orjson
from pydantic import AfterValidator, Field

from contracts.fields import Message, Time
from contracts.spelling import Spelling, list_of, spelling_of
from contracts.topics import RIGHTS, Topic
from contracts.vocabulary import MessageType, PersonField


def _each_once(names: tuple[PersonField, ...]) -> tuple[PersonField, ...]:
    if len(set(names)) != len(names):
        raise ValueError
    return tuple(sorted(names))


def _read_names(text: str) -> tuple[PersonField, ...]:
    """Read names that are sorted, each once, at least one."""
    names: list[str] = orjson.loads(text)
    if not names or names != sorted(set(names)):
        raise ValueError
    return tuple(map(PersonField, names))


PersonFields = Annotated[
    tuple[PersonField, ...],
    Field(min_length=1, max_length=len(PersonField)),
    AfterValidator(_each_once),
    Spelling(list_of(spelling_of(PersonField)), _read_names, quoted=False),
]


class DataRectified(Message):
    """A person's data was corrected or completed (GDPR Art. 16, 19): which fields, never a value.

    `rectification_id` is random and used once. Its service alone knows whose data it was, and tells
    those who hold copies when they ask (claim check).
    """

    topic: ClassVar[Topic] = RIGHTS
    about: ClassVar[tuple[str, ...]] = ("rectification_id",)
    type: ClassVar[MessageType] = MessageType.DATA_RECTIFIED
    rectification_id: UUID
    fields: PersonFields
    rectified_at: Time
