"""Lines exactly as `encode` writes them, read in one step.

One expression for each type of message, made from the spellings of its fields: a full match proves
the spelling of the whole line and every constraint of every field. What is left to check is what
several fields say together. Any other line is read by `messages.parse` in its own, slower way.

Lines of one record that are laid out alike are read together, by the first of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from re import Match
from typing import Any, Final, get_type_hints

from pydantic import BaseModel

from contracts.alike import READ, Column, laid_out_alike, spelled_ids, times
from contracts.events import CONTENT_TYPE, SOURCE, SPEC_VERSION, Event, event_type, schema_url
from contracts.fields import Message
from contracts.spelling import ID_FORM, TIME_FORM, Spelling, spelling_of
from contracts.topics import REGISTER
from contracts.vocabulary import ServiceName

# Groups of the expression, and what each is spelled as; the fields of the message follow.
ID, SOURCE_NAME, TIME, SUBJECT, FIELDS = range(5)
FEWEST: Final = 4  # fewer lines are read sooner one by one
IN_VAIN: Final = 4  # so many layouts that no other line has: the lines of this record differ
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
        forms = [found.form for found in spellings.values()]
        subject = ID_FORM if message.about else REGISTER
        self._differ = {
            number: form
            for number, form in enumerate((ID_FORM, "", TIME_FORM, subject, *forms))
            if form in READ
        }
        self._about = [FIELDS + list(spellings).index(name) for name in message.about]
        self._names = ("", "", "", "", *spellings)

    def read(self, line: bytes) -> Event | None:
        """Read a line, or give None if it is not just as we write it.

        Raises ValueError if it says what no message may.
        """
        found = self._match(line.decode("latin-1"))  # no expression takes more than ASCII
        return None if found is None else self._event(found)

    def read_all(self, lines: Sequence[bytes]) -> list[Event | None]:
        """Read the lines of a record as `read` reads each of them.

        Raises ValueError if one says what no message may.
        """
        events: list[Event | None] = [None] * len(lines)
        waiting, in_vain = dict(enumerate(lines)), 0
        while waiting:
            first = next(iter(waiting))
            line = waiting.pop(first)
            found = self._match(line.decode("latin-1"))
            event = events[first] = None if found is None else self._event(found)
            if found is None or event is None or in_vain == IN_VAIN or len(waiting) < FEWEST:
                continue
            alike = self._alike(line, found, event, waiting)
            for number, other in alike.items():
                events[number] = other
                del waiting[number]
            in_vain += not alike
        return events

    def _event(self, found: Match[str]) -> Event | None:
        """Make the event of a line that matched; None if its subject is not its data's."""
        event_id, source, time, subject, *texts = found.groups()
        about, values = self._values(*texts)
        if subject != about:
            return None
        message = self._of(values)
        return Event(event_id, source, self._type, datetime.fromisoformat(time), subject, message)

    def _alike(
        self, line: bytes, found: Match[str], event: Event, waiting: Mapping[int, bytes]
    ) -> dict[int, Event]:
        """Read those of the waiting lines that are laid out as one that was read.

        Gives none of them if one is misspelled: they are read one by one then.
        """
        places = {at: found.span(at + 1) for at in self._differ if found[at + 1] is not None}
        numbers, columns = laid_out_alike(line, list(places.values()), waiting)
        if not numbers:
            return {}
        try:
            events = self._events(event, dict(zip(places, columns, strict=True)))
            return dict(zip(numbers, events, strict=True))
        except ValueError:
            return {}

    def _events(self, event: Event, columns: dict[int, Column]) -> Iterator[Event]:
        """Make the events of lines that are as the line of this one, but for these columns.

        Raises ValueError if something is misspelled, or says what no message may.
        """
        about = next((at for at in self._about if at in columns), None)
        if about is not None and columns[about] != columns[SUBJECT]:
            raise ValueError
        ids, moments = spelled_ids(columns.pop(ID)), times(columns.pop(TIME))
        subjects: Iterable[str] = repeat(event.subject)
        if SUBJECT in columns:
            subjects = spelled_ids(columns.pop(SUBJECT))
        values = [event.message.__dict__.copy() for _ in ids]
        for at, column in columns.items():
            name = self._names[at]
            for fields, value in zip(values, READ[self._differ[at]](column), strict=True):
                fields[name] = value
        source, kind = event.source, event.type
        for each, moment, fields, subject in zip(ids, moments, values, subjects, strict=False):
            yield Event(each, source, kind, moment, subject, self._of(fields))

    def _of(self, values: dict[str, Any]) -> Message:
        """Make a message of values that are known to be right, each by itself."""
        message: Message = _new(self._message)
        _set(message, "__dict__", values)
        _set_named(message, self._named)
        _set_extra(message, None)
        _set_private(message, None)
        for check in self._checks:
            check(message)
        return message


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
