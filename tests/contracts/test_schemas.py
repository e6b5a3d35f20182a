"""The schema files are the models': closed for what goes out, tolerant for what comes in."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from contracts import schema_files
from contracts.errors import BadMessage
from contracts.messages import MESSAGES, Message, parse
from contracts.vocabulary import MessageType
from tests.contracts.samples import RETAINED, SAMPLES, line_of

FILES = schema_files.files()
# Whatever a person may be called by, or reached at.
ABOUT_PEOPLE = (
    "ada@example.org",
    "Ada Lovelace",
    "ada lovelace",
    "Lovelace, Ada",
    "ada.lovelace@example.org",
    '"ada"@example.org',
    "ada%40example.org",
    "+49 30 123456",
    "030123456",
    "203.0.113.77",
    "2001:db8::1",
    "Main Street 1",
    "1985-12-10",
    "example.org/ada",
    "mailto:ada@example.org",
)


def _validator(path: str) -> Draft202012Validator:
    schema = orjson.loads(FILES[path])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _sides(kind: MessageType) -> tuple[Draft202012Validator, Draft202012Validator]:
    return (
        _validator(f"{kind}/v1/producer.schema.json"),
        _validator(f"{kind}/v1/consumer.schema.json"),
    )


def test_the_files_are_what_the_models_say() -> None:
    folder = schema_files.FOLDER
    there = {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.schema.json")
    }

    assert there == FILES, "run `python -m contracts.schema_files` and look at the difference"


@pytest.mark.parametrize("message", [*SAMPLES, RETAINED], ids=lambda message: message.type)
def test_what_we_send_is_good_for_producer_and_consumer(message: Message) -> None:
    event = orjson.loads(line_of(message))

    for validator in _sides(message.type):
        validator.validate(event)


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.type)
def test_a_stray_field_cannot_get_out_and_does_not_stop_a_reader(message: Message) -> None:
    event = orjson.loads(line_of(message))
    stray = {**event, "data": {**event["data"], "colour": "blue"}}
    producer, consumer = _sides(message.type)

    assert not producer.is_valid(stray)
    assert not producer.is_valid({**event, "traceparent": "00"})
    assert consumer.is_valid(stray)
    assert consumer.is_valid({**event, "traceparent": "00"})
    assert parse(orjson.dumps(stray)).message == message


def _bent(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Leave out, empty and falsify each field in turn."""
    for name in data:
        yield {key: value for key, value in data.items() if key != name}
        wrongs: tuple[Any, ...] = ("ada@example.org", -1, 1.5, True, {}, [[]])
        for wrong in wrongs:
            yield {**data, name: wrong}


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.type)
def test_what_the_schema_refuses_is_refused_when_read(message: Message) -> None:
    event = orjson.loads(line_of(message))
    _, consumer = _sides(message.type)
    judged = {True: 0, False: 0}

    for data in _bent(event["data"]):
        bad = {**event, "data": data}
        good = consumer.is_valid(bad)
        judged[good] += 1
        if not good:
            with pytest.raises(BadMessage):
                parse(orjson.dumps(bad))

    assert judged[False] > 6 * judged[True], "hardly any falsified field is still good"


def _strings(node: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find every schema of a string, and every free object key, below a schema."""
    if isinstance(node, list):
        for part in node:
            yield from _strings(part, way)
    if not isinstance(node, dict):
        return
    if node.get("type") == "string" or "enum" in node or "const" in node:
        yield ".".join(way), node
    if node.get("type") == "object":
        for pattern in node.get("patternProperties", {}):
            yield ".".join((*way, "{}")), {"type": "string", "pattern": pattern}
    for name, part in node.items():
        yield from _strings(part, (*way, name))


PRODUCERS = [path for path in FILES if path.endswith("producer.schema.json")]


@pytest.mark.rule("R-POL-05")
@pytest.mark.parametrize("path", PRODUCERS)
def test_no_field_of_any_message_can_hold_an_address_or_a_name(path: str) -> None:
    found = list(_strings(orjson.loads(FILES[path])))

    assert len(found) > 8
    for where, schema in found:
        constrained = {"const", "enum", "pattern"} & set(schema)
        assert constrained, f"{where}: constrain it, an address would fit into a free string"
        validator = Draft202012Validator(schema)
        fits = [text for text in ABOUT_PEOPLE if validator.is_valid(text)]
        assert not fits, f"{where}: tighten the pattern"


def test_every_object_of_a_produced_message_is_closed() -> None:
    def objects(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for part in node.values():
                yield from objects(part)
        if isinstance(node, list):
            for part in node:
                yield from objects(part)

    for path in PRODUCERS:
        assert all(
            found.get("additionalProperties") is False
            for found in objects(orjson.loads(FILES[path]))
        ), path


def test_every_type_has_both_files() -> None:
    assert {path.split("/")[0] for path in FILES} == {*MESSAGES, "erasure-certificate"}
