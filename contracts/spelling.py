"""How each field of a message is written: one way only.

The expression of a field matches what `events.encode` writes for it, and nothing that the field
refuses. So a line that matches the expressions of all its fields needs neither validation nor to
be written again for comparison. What an expression cannot tell (a day that no month has, a name
that stands twice) is refused on reading.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from pydantic import StringConstraints

from contracts.identifiers import read_id

ID_FORM = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME_FORM = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.(?!000000)[0-9]{6})?Z"
)
# Fewer digits than any limit has; longer numbers are read the slow way.
COUNT_FORM, NUMBER_FORM = r"(?:0|[1-9][0-9]{0,14})", r"[1-9][0-9]{0,14}"
_GROUP = re.compile(r"(?<!\\)\((?!\?)")


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a value; stands in the annotation of a field.

    `form` has no groups and matches the text that `read` takes, without the quotes of a JSON
    string. Without `read` the text is the value. `read` raises ValueError.
    """

    form: str
    read: Callable[[str], Any] | None = None
    quoted: bool = True
    optional: bool = False

    @property
    def whole(self) -> str:
        """Expression of the value as it stands in JSON, without groups."""
        written = f'"{self.form}"' if self.quoted else self.form
        return f"(?:{written}|null)" if self.optional else written

    @property
    def group(self) -> str:
        """The same with one group, which is empty for null."""
        written = f'"({self.form})"' if self.quoted else f"({self.form})"
        return f"(?:{written}|null)" if self.optional else written


def list_of(item: Spelling) -> str:
    """Expression of a JSON array."""
    return rf"\[(?:{item.whole}(?:,{item.whole})*)?\]"


def spelling_of(hint: Any) -> Spelling:
    """Find how values of an annotation are written. Raises TypeError if nobody said."""
    if get_origin(hint) is Annotated:
        return _annotated(hint)
    if get_origin(hint) in (Union, UnionType):
        (some,) = (arg for arg in get_args(hint) if arg is not NoneType)
        found = spelling_of(some)
        return Spelling(found.form, found.read, found.quoted, optional=True)
    if hint is UUID:
        return Spelling(ID_FORM, read_id)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        words = {member.value: member for member in hint}
        return Spelling(f"(?:{'|'.join(map(re.escape, words))})", words.__getitem__)
    raise TypeError(hint)


def _annotated(hint: Any) -> Spelling:
    """Take what the annotation says, or the pattern of a string."""
    for said in hint.__metadata__:
        if isinstance(said, Spelling):
            return said
    (said,) = hint.__metadata__
    if not isinstance(said, StringConstraints) or not isinstance(said.pattern, str):
        raise TypeError(hint)
    if said != StringConstraints(pattern=said.pattern):
        raise TypeError(hint)
    form = said.pattern.removeprefix("^").removesuffix("$")
    return Spelling(f"(?:{_GROUP.sub('(?:', form)})")


TIME = Spelling(TIME_FORM, datetime.fromisoformat)
COUNT = Spelling(COUNT_FORM, int, quoted=False)
NUMBER = Spelling(NUMBER_FORM, int, quoted=False)
