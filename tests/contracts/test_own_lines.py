"""The quick way to read a line of ours says the same as the slow one, whatever the line is."""

import re
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, StringConstraints, field_validator

from contracts import messages
from contracts.errors import BadMessage
from contracts.events import Event
from contracts.fields import Message
from contracts.messages import MESSAGES, ConsentGranted, encode, parse
from contracts.own_lines import OwnLines
from contracts.spelling import ID_FORM, spelling_of
from contracts.vocabulary import MessageType
from tests.contracts.samples import RETAINED, SAMPLES, line_of

LINES = tuple(line_of(message) for message in (*SAMPLES, RETAINED))
REFUSED = (KeyError, TypeError, ValueError, OverflowError)
EXPRESSIONS = {message.type: OwnLines(message).expression for message in MESSAGES.values()}


def _said(read: Callable[[bytes], Event | None], line: bytes) -> Event | None:
    """Give what a way of reading says, None for a refusal."""
    try:
        return read(line)
    except REFUSED:
        return None


def _agree(line: bytes) -> Event | None:
    """See that both ways agree, unless the quick one leaves the line to the other."""
    slow = _said(messages._parse_any, line)
    assert _said(parse, line) == slow
    try:
        quick = messages._parse_own(line)
    except REFUSED:
        assert slow is None
        return None
    assert quick is None or quick == slow
    return quick


@pytest.mark.parametrize("kind", MessageType)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_matches_is_spelled_as_we_spell_it(kind: MessageType, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(EXPRESSIONS[kind], fullmatch=True))
    subject = data.draw(st.sampled_from(["request_id", "consent_id", "receipt_id"]))
    line = _about(text, subject).encode()

    event = _agree(line)

    if event is not None:
        own = event.message
        assert own.model_fields_set == set(type(own).model_fields)
        assert own == type(own).model_validate(own.model_dump())
        assert own.model_copy(update={}) == own
        said = encode(own, source=event.source, id=UUID(event.id), time=event.time)
        assert said == line


def _about(text: str, field: str) -> str:
    """Let the subject be this id of the line, if it has it."""
    found = re.search(f'"{field}":"({ID_FORM})"', text)
    subject = re.search(f'"subject":"({ID_FORM})"', text)
    if found is None or subject is None:
        return text
    return text[: subject.start(1)] + found[1] + text[subject.end(1) :]


@given(st.sampled_from(LINES), st.data())
@settings(deadline=None)
def test_a_line_changed_anywhere_is_read_alike(line: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, min(len(line), start + 40)))
    put = data.draw(st.one_of(st.binary(max_size=3), st.just(line[start:end] * 2)))

    _agree(line[:start] + put + line[end:])


WORDS = (b"null", b"[]", b"{}", b'""', b"0", b"00", b"1e3", b"9007199254740992", b"true", b'"a"')


@given(st.sampled_from(LINES), st.data())
@settings(deadline=None)
def test_a_value_put_in_the_place_of_another_is_read_alike(
    line: bytes, data: st.DataObject
) -> None:
    places = [at for at in range(len(line)) if line[at - 1 : at] == b":" and line[at] != ord("/")]
    start = data.draw(st.sampled_from(places))
    end = min(at for at in (line.find(b",", start), line.find(b"}", start)) if at > 0)
    other = data.draw(st.sampled_from(LINES))
    value = data.draw(st.sampled_from([*WORDS, other[start:end]]))

    _agree(line[:start] + value + line[end:])


@pytest.mark.parametrize("line", LINES, ids=lambda line: parse(line).type)
def test_every_line_of_ours_goes_the_quick_way(line: bytes) -> None:
    assert _agree(line) is not None


TIMES = {
    "2026-02-30T00:00:00Z": False,
    "2026-13-01T00:00:00Z": False,
    "2026-02-28T24:00:00Z": False,
    "2026-02-28T23:59:60Z": False,
    "0000-02-28T23:59:59Z": False,
    "2026-02-28T23:59:59.000000Z": False,
    "2026-02-28T23:59:59.000001Z": True,
    "2026-02-28T23:59:59Z": True,
    "0001-01-01T00:00:00Z": True,
}


@pytest.mark.parametrize("time", TIMES)
def test_a_time_has_one_spelling_and_is_one(time: str) -> None:
    line = line_of(SAMPLES[0])
    at = line.index(b'"granted_at":"') + len(b'"granted_at":"')

    assert (_agree(line[:at] + time.encode() + b'"}}') is not None) == TIMES[time]


def test_a_field_that_nobody_spelled_is_noticed_when_the_module_is_read() -> None:
    for hint in (str, float, Annotated[str, StringConstraints(pattern="^a$", max_length=3)]):
        with pytest.raises(TypeError):
            spelling_of(hint)
    with pytest.raises((TypeError, ValueError)):
        spelling_of(Annotated[str, AfterValidator(str), Field(pattern="a")])


def test_a_rule_that_the_quick_way_would_not_ask_is_noticed() -> None:
    class Strict(ConsentGranted):
        @field_validator("form")
        @classmethod
        def _short(cls, form: str) -> str:
            return form

    with pytest.raises(TypeError):
        OwnLines(Strict)


def test_what_several_fields_say_together_is_asked() -> None:
    line = line_of(RETAINED).replace(b'"outcome":"held"', b'"outcome":"deleted"')

    with pytest.raises(ValueError):  # noqa: PT011 - the class is all there is
        messages._parse_own(line)
    with pytest.raises(BadMessage):
        parse(line)


def test_a_subject_is_the_first_id_there_is() -> None:
    for message in SAMPLES:
        assert isinstance(message, Message)
        ids = [getattr(message, name) for name in message.about]
        wanted = next((str(one) for one in ids if one is not None), "register")
        assert message.subject == wanted
