"""Messages survive the wire, and nothing else does."""

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts import messages
from contracts.errors import BadMessage, BadRecord
from contracts.identifiers import uuid7
from contracts.messages import MESSAGES, ErasureRequested, Message, encode, parse
from contracts.messages import join_lines as join
from contracts.messages import split_lines as split
from contracts.topics import MAX_IDS, MAX_RECORD_BYTES
from contracts.vocabulary import MessageType
from tests.contracts.samples import (
    CLOSED,
    ERASED,
    GRANTED,
    NOW,
    RECEIPT,
    REQUESTED,
    RETAINED,
    SAMPLES,
    VERIFIED,
    WITHDRAWN,
    line_of,
)


def test_every_type_has_a_class_and_a_sample() -> None:
    assert set(MESSAGES) == set(MessageType) == {message.type for message in SAMPLES}


@pytest.mark.parametrize("message", [*SAMPLES, RETAINED], ids=lambda message: message.type)
def test_a_message_comes_back_as_it_was_sent(message: Message) -> None:
    line = line_of(message)

    event = parse(line)

    assert event.message == message
    assert (event.source, event.type, event.time) == ("newsletter", message.type, NOW)
    assert event.subject == message.subject


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.type)
def test_a_line_is_one_cloudevent(message: Message) -> None:
    event = orjson.loads(line_of(message))

    assert event.keys() == {
        *("specversion", "id", "source", "type", "time", "subject"),
        *("datacontenttype", "dataschema", "data"),
    }
    assert event["specversion"] == "1.0"
    assert event["type"] == f"dev.expunge.{message.type}.v1"
    assert event["source"] == "expunge:newsletter"
    assert "@" not in json.dumps(event)


def test_times_are_sent_in_utc_wherever_they_come_from() -> None:
    berlin = NOW.astimezone(timezone(timedelta(hours=1)))

    message = WITHDRAWN.model_copy(update={}).model_validate(
        {**WITHDRAWN.model_dump(), "withdrawn_at": berlin}
    )

    assert encode(message, source="newsletter", id=uuid4(), time=berlin).count(b"+01:00") == 0
    assert message.withdrawn_at == NOW


def _changed(**changes: object) -> bytes:
    return orjson.dumps({**orjson.loads(line_of(ERASED)), **changes})


def _changed_data(**changes: object) -> bytes:
    data = orjson.loads(line_of(ERASED))["data"]
    return _changed(data={**data, **changes})


GOOD = line_of(ERASED)
BAD_LINES = {
    "empty": b"",
    "not json": b"{",
    "array": b"[]",
    "two objects": GOOD + GOOD,
    "line end inside": GOOD.replace(b'","', b'",\n"', 1),
    "duplicate key": GOOD.replace(
        b'"specversion":"1.0"', b'"specversion":"1.0","specversion":"1.0"'
    ),
    "duplicate key in data": GOOD.replace(b'"held":[]', b'"held":[],"held":[]'),
    "duplicate key by escape": GOOD.replace(b'"held":[]', b'"held":[],"h\\u0065ld":[]'),
    "nan": GOOD.replace(b'"closed_count":1', b'"closed_count":NaN'),
    "not utf-8": GOOD.replace(b"newsletter", b"newsl\xfftter", 1),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "lone surrogate": GOOD.replace(b'"expunge:newsletter"', b'"expunge:newsletter\\ud800"'),
    "nul": GOOD.replace(b'"expunge:newsletter"', b'"expunge:newsletter\\u0000"'),
    "deep": b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "huge": b'{"data":"' + b"a" * MAX_RECORD_BYTES + b'"}',
    "huge number": GOOD.replace(b'"closed_count":1', b'"closed_count":' + b"9" * 5000),
    "unknown type": _changed(type="dev.expunge.slice-forgotten.v1"),
    "type of another version": _changed(type="dev.expunge.slice-erased.v2"),
    "schema of another type": _changed(dataschema="https://expunge.dev/schemas/key-published/v1/"),
    "other specversion": _changed(specversion="0.3"),
    "other content type": _changed(datacontenttype="text/plain"),
    "foreign source": _changed(source="newsletter"),
    "subject of another request": _changed(subject=str(uuid4())),
    "id is no uuid": _changed(id="1"),
    "id is a number": _changed(id=1),
    "no time": _changed(time=None),
    "time without zone": _changed(time="2026-03-05T09:30:00"),
    "data is a list": _changed(data=[]),
    "number as text": _changed_data(closed_count="1"),
    "truth as number": _changed_data(closed_count=True),
    "id in capitals": _changed_data(receipt_id=str(RECEIPT).upper()),
    "id in braces": _changed_data(receipt_id=f"{{{RECEIPT}}}"),
    "id as urn": _changed_data(receipt_id=f"urn:uuid:{RECEIPT}"),
    "id without hyphens": _changed_data(receipt_id=RECEIPT.hex),
    "time in another zone": _changed_data(erased_at="2026-03-05T10:30:00+01:00"),
    "time with fewer digits": _changed_data(erased_at="2026-03-05T09:30:00.1Z"),
    "time with a space": _changed_data(erased_at="2026-03-05 09:30:00Z"),
    "event id in braces": _changed(id=f"{{{RECEIPT}}}"),
    "event time in another zone": _changed(time="2026-03-05T10:30:00+01:00"),
    "services in another order": orjson.dumps(
        {
            **orjson.loads(line_of(REQUESTED)),
            "data": {
                **orjson.loads(line_of(REQUESTED))["data"],
                "participants": ["rights", "newsletter"],
            },
        }
    ),
    "negative": _changed_data(closed_count=-1),
    "fraction": _changed_data(closed_count=1.0),
    "time as number": _changed_data(erased_at=1_700_000_000),
    "field without zone": _changed_data(erased_at="2026-03-05T09:30:00"),
    "word nobody knows": _changed_data(outcome="forgotten"),
    "failed is no receipt": _changed_data(outcome="failed"),
    "deleted nothing": _changed_data(rows={}, closed_count=0),
    "held without a hold": _changed_data(outcome="held"),
    "held nothing but rows": _changed_data(outcome="held-nothing"),
    "address as table": _changed_data(rows={"ada@example.org": 1}),
    "address as version": _changed_data(policy_version="ada@example.org"),
    "line end after a pattern": _changed_data(policy_version="1.0\n"),
    "upper case hash": _changed_data(closed_root="A" * 64),
    "receipt of nobody asked": _changed_data(reason="withdrawn"),
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_refused_and_not_quoted(line: bytes) -> None:
    with pytest.raises(BadMessage) as caught:
        parse(line)

    assert str(caught.value) == BadMessage.__doc__
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_a_newer_producer_adds_is_passed_over() -> None:
    line = orjson.dumps(
        {**orjson.loads(_changed_data(colour="blue")), "traceparent": "00-0af7651916cd43dd8448"}
    )

    assert parse(line).message == ERASED
    held = orjson.loads(line_of(RETAINED))
    held["data"]["held"][0]["colour"] = "blue"
    assert parse(orjson.dumps(held)).message == RETAINED


def test_json_of_another_writer_is_read_too() -> None:
    spaced = json.dumps(json.loads(GOOD)).encode()

    assert spaced != GOOD
    assert parse(spaced) == parse(GOOD)


@pytest.mark.parametrize("message", [*SAMPLES, RETAINED], ids=lambda message: message.type)
def test_our_own_lines_go_the_cheap_way_and_it_reads_the_same(message: Message) -> None:
    line = line_of(message)

    own = messages._parse_own(line)

    assert own is not None
    assert own == messages._parse_any(line) == parse(line)


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_the_cheap_way_takes_nothing_that_the_other_refuses(line: bytes) -> None:
    with contextlib.suppress(ValueError, KeyError):
        assert messages._parse_own(line) is None or b"\n" in line


def test_a_message_takes_no_field_it_does_not_name() -> None:
    with pytest.raises(ValidationError):
        type(WITHDRAWN).model_validate({**WITHDRAWN.model_dump(), "email": "ada@example.org"})


def test_an_error_of_a_model_does_not_quote_its_input() -> None:
    with pytest.raises(ValidationError) as caught:
        type(GRANTED).model_validate({**GRANTED.model_dump(), "form": "ada@example.org"})

    assert "ada" not in str(caught.value)


@given(st.binary(max_size=300))
def test_no_bytes_make_parse_raise_anything_else(line: bytes) -> None:
    with pytest.raises(BadMessage):
        parse(line)


@given(st.data())
def test_no_cut_or_flip_of_a_line_raises_anything_else(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]

    for line in (changed, GOOD[:at]):
        try:
            parse(line)
        except BadMessage:
            continue


@given(st.lists(st.binary(min_size=1, max_size=50).filter(lambda x: b"\n" not in x), min_size=1))
def test_lines_of_a_record_come_back_byte_for_byte(lines: list[bytes]) -> None:
    value = join(lines)

    assert split(value) == lines
    assert join(split(value)) == value


def test_a_record_is_a_json_array_for_everybody_else() -> None:
    value = join([line_of(GRANTED), line_of(WITHDRAWN)])

    assert [event["subject"] for event in json.loads(value)] == [GRANTED.subject] * 2


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"[\n\n]",
        b"[\n]",
        b"{}",
        b"[\na,\n\n]",
        b"[\n,\na\n]",
        b"[\na\nb\n]",
        b"[\na\n]\n",
        b" [\na\n]",
        b"[\n" + b"a" * MAX_RECORD_BYTES + b"\n]",
    ],
)
def test_a_value_laid_out_differently_is_no_record(value: bytes) -> None:
    with pytest.raises(BadRecord):
        split(value)


def test_a_record_that_is_empty_or_too_large_is_not_made() -> None:
    for lines in ([], [b"a" * MAX_RECORD_BYTES]):
        with pytest.raises(BadRecord):
            join(lines)


def test_the_largest_line_of_closed_ids_fits_a_record() -> None:
    full = CLOSED.model_copy(update={"subject_ids": tuple(uuid4() for _ in range(MAX_IDS))})

    value = join([line_of(full)])

    assert parse(split(value)[0]).message == full


def test_ids_of_one_thread_sort_by_time_and_say_what_they_are() -> None:
    before = datetime.now(UTC)
    ids = [uuid7() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert {(found.version, found.variant) for found in ids} == {
        (7, "specified in RFC 4122"),
    }
    milliseconds = [found.int >> 80 for found in ids]
    assert milliseconds == sorted(milliseconds)
    assert milliseconds[0] >= int(before.timestamp() * 1000)


def test_a_scope_is_what_was_ticked_in_one_order() -> None:
    ticked = REQUESTED.model_dump() | {"scope": ("rights", "newsletter")}

    message = ErasureRequested.model_validate(ticked)

    assert message.scope == ("newsletter", "rights")
    assert (message.covers("newsletter"), message.covers("events")) == (True, False)
    assert REQUESTED.covers("events")


def test_most_origins_ask_for_their_own_slice_only() -> None:
    own = REQUESTED.model_copy(update={"origin": "newsletter", "scope": ("newsletter",)})
    wide = REQUESTED.model_copy(update={"origin": "newsletter"})

    assert own.speaks_for("newsletter")
    assert not wide.speaks_for("newsletter")
    assert REQUESTED.speaks_for("rights")
    assert not REQUESTED.speaks_for("newsletter")
    assert not VERIFIED.speaks_for("rights")
