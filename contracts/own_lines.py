"""Lines exactly as `encode` writes them, read in one step.

One expression for each type of message, made from the spellings of its fields: a full match proves
the spelling of the whole line and every constraint of every field. What is left to check is what
several fields say together. Any other line is read by `messages.parse` in its own, slower way.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_type_hints

from pydantic import BaseModel

from contracts.events import CONTENT_TYPE, SOURCE, SPEC_VERSION, Event, event_type, schema_url
from contracts.fields import Message
from contracts.spelling import ID_FORM, TIME_FORM, Spelling, spelling_of
from contracts.topics import REGISTER
from contracts.vocabulary import ServiceName

_new: Any = object.__new__
_set: Any = object.__setattr__
# What pydantic keeps beside the fields.
_set_named: Any = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra: Any = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private: Any = BaseModel.__dict__["__pydantic_private__"].__set__


class OwnLines:
    """Reads lines of one type of message."""

    def __init__(self, message: type[Message]) -> None:
        """Make the expression. Raises TypeError if a field's spelling is not known."""
        hints = get_type_hints(message, include_extras=True)
        spellings = {name: spelling_of(hints[name]) for name in message.model_fields}
        data = ",".join(f'"{name}":{found.group}' for name, found in spellings.items())
        self.expression = _envelope(message) + rf"\{{{data}\}}\}}"
        self._match = re.compile(self.expression).fullmatch
        self._values = _values(message.about, spellings)
        self._message, self._type = message, message.type
        self._named = set(spellings)
        self._checks = _checks(message)

    def read(self, line: bytes) -> Event | None:
        """Read a line, or give None if it is not just as we write it.

        Raises ValueError if it says what no message may.
        """
        found = self._match(line.decode("latin-1"))  # no expression takes more than ASCII
        if found is None:
            return None
        event_id, source, time, subject, *texts = found.groups()
        about, values = self._values(*texts)
        if subject != about:
            return None
        message: Message = _new(self._message)
        _set(message, "__dict__", values)
        _set_named(message, self._named)
        _set_extra(message, None)
        _set_private(message, None)
        for check in self._checks:
            check(message)
        return Event(event_id, source, self._type, datetime.fromisoformat(time), subject, message)


def _values(about: Sequence[str], spellings: Mapping[str, Spelling]) -> Callable[..., Any]:
    """Make the function from the texts of all fields to the line's subject and the values.

    Written out as a dataclass writes its `__init__`, from nothing but our own fields' names: a
    loop over the fields would take as long as the rest of reading a line.
    """
    values = []
    for name, found in spellings.items():
        value = f"read_{name}({name})" if found.read else name
        values.append(
            f"{name!r}: None if {name} is None else {value}"
            if found.optional
            else f"{name!r}: {value}"
        )
    subject = " or ".join([*about, repr(REGISTER)])
    source = f"lambda {', '.join(spellings)}: (({subject}), {{{', '.join(values)}}})"
    reads = {f"read_{name}": found.read for name, found in spellings.items()}
    made: Callable[..., Any] = eval(source, reads)  # noqa: S307
    return made


def _envelope(message: type[Message]) -> str:
    """Expression of a line up to its data, with groups for id, source, time, subject."""
    kind, schema = re.escape(event_type(message.type)), re.escape(schema_url(message.type))
    subject = ID_FORM if message.about else REGISTER
    return (
        rf'\{{"specversion":"{re.escape(SPEC_VERSION)}","id":"({ID_FORM})",'
        rf'"source":"{SOURCE}({spelling_of(ServiceName).form})","type":"{kind}",'
        rf'"time":"({TIME_FORM})","subject":"({subject})",'
        rf'"datacontenttype":"{CONTENT_TYPE}","dataschema":"{schema}","data":'
    )


def _checks(message: type[Message]) -> list[Callable[[Message], Any]]:
    """Give the validators of a whole message. Raises TypeError if it has others."""
    declared = message.__pydantic_decorators__
    whole = declared.model_validators.values()
    if (
        declared.validators
        or declared.field_validators
        or declared.root_validators
        or any(one.info.mode != "after" for one in whole)
    ):
        raise TypeError(message)
    return [one.func for one in whole]
