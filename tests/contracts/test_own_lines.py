"""The quick way to read a line of ours says the same as the slow one, whatever the line is."""

import re
from collections.abc import Callable, Sequence
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
from contracts.messages import (
    MESSAGES,
    ConsentGranted,
    ErasureCertified,
    SagaReminded,
    encode,
    parse,
    parse_all,
    uuid7,
)
from contracts.own_lines import OwnLines
from contracts.spelling import ID_FORM, TIME_FORM, spelling_of
from contracts.vocabulary import CertificateOutcome, MessageType
from tests.contracts.samples import NOW, RETAINED, SAMPLES, line_of

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
    one_line = b"\n" not in line  # a record is taken apart there, whatever JSON says of it
    slow = _said(messages._parse_any, line) if one_line else None
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


@given(st.sampled_from(SAMPLES), st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_lines_of_a_record_are_read_as_each_of_them_is(
    message: Message, data: st.DataObject
) -> None:
    lines = [_said_again(message) for _ in range(data.draw(st.integers(1, 12)))]
    for _ in range(data.draw(st.integers(0, 2))):
        number = data.draw(st.integers(0, len(lines) - 1))
        lines[number] = _with_another_text(lines[number], data)

    expected = _said_of_all(lambda some: tuple([parse(line) for line in some]), lines)
    assert _said_of_all(lambda some: parse_all(some, message.type), lines) == expected


def _said_again(message: Message) -> bytes:
    """Say the same about others, later."""
    line = line_of(message)
    subject = message.subject.encode()
    return line.replace(subject, str(uuid7()).encode()) if message.about else line


# Spelled in our way, in other ways, and not at all, in the width of what they replace.
TEXTS = st.one_of(
    st.from_regex(rf"{ID_FORM}|{TIME_FORM}|[0-9a-f]{{64}}|[1-9][0-9]?", fullmatch=True),
    st.text('0123456789abcdefABF-_+ ²é\n":TZ.', min_size=1, max_size=64),
)


def _with_another_text(line: bytes, data: st.DataObject) -> bytes:
    """Put something in the place of a text or number, often of its width."""
    found = data.draw(st.sampled_from(list(re.finditer(rb'(?<=")[^"]+(?=")|(?<=:)\d+', line))))
    text = data.draw(TEXTS).encode("latin-1", "replace")
    if data.draw(st.booleans()):
        text = (text * 64)[: len(found[0])]
    return line[: found.start()] + text + line[found.end() :]


def _said_of_all(
    read: Callable[[Sequence[bytes]], tuple[Event, ...]], lines: Sequence[bytes]
) -> tuple[Event, ...] | None:
    try:
        return read(lines)
    except BadMessage:
        return None


# In lines of the same width: whoever reads them all at once must see it as well.
MISSPELLED = (
    (rb'"id":"(.{8})-(.)', rb'"id":"\1\2-'),
    (rb'"id":".', rb'"id":"A'),
    (rb'"id":".', rb'"id":"g'),
    (rb'"request_id":"..', rb'"request_id":"ff'),  # another than the subject
    (rb'"certificate_sha256":"..', rb'"certificate_sha256":"AB'),
    (rb'"time":"(....)-..', rb'"time":"\1-13'),
    (rb'"time":"(.{10})T..', rb'"time":"\1T24'),
    (rb'"time":"(.{10})T', rb'"time":"\1 '),
    (rb"\.[0-9]{6}Z", rb".000000Z"),
    (b'"log_index":10', b'"log_index":1\xb2'),
    (b'"log_index":10', b'"log_index":-1'),
    (b'"log_index":10', b'"log_index":+1'),
    (b'"log_index":10', b'"log_index":01'),
    (b'"outcome"', b'"outgone"'),
)


@pytest.mark.parametrize(("old", "new"), MISSPELLED)
def test_a_misspelled_line_among_many_is_refused(old: bytes, new: bytes) -> None:
    lines = [line_of(_certified()) for _ in range(9)]
    assert None not in OwnLines(ErasureCertified).read_all(lines)

    misspelled = re.sub(old, new, lines[5])

    assert misspelled != lines[5]
    assert len(misspelled) == len(lines[5])
    with pytest.raises(BadMessage):
        parse_all([*lines[:5], misspelled, *lines[6:]], MessageType.ERASURE_CERTIFIED)


def _certified() -> ErasureCertified:
    return ErasureCertified(
        request_id=uuid7(),
        certificate_sha256="0" * 64,
        outcome=CertificateOutcome.COMPLETE,
        log_index=10,
        certified_at=NOW,
    )


def test_a_number_of_none_among_many_is_refused() -> None:
    kind = MessageType.SAGA_REMINDED
    lines = [line_of(SagaReminded(request_id=uuid7(), service="rights", reminder=1))] * 9
    lines[5] = lines[5].replace(b'"reminder":1', b'"reminder":0')

    with pytest.raises(BadMessage):
        parse_all(lines, kind)


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
