"""docs/certificate.md and the published schemas say what certificates are, field for field."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from contracts import golden_files
from contracts.bundle import Bundle
from contracts.certificate import PAYLOAD_TYPE
from contracts.envelope import unpack
from contracts.schema_files import FOLDER
from contracts.verify_bundle import STATED, verify
from tests.contracts.samples import RETAINED, signer
from tests.contracts.story import extended, story, told, with_receipt

PAGE = (Path(__file__).parents[2] / "docs" / "certificate.md").read_text()
KEPT = sorted((golden_files.FOLDER / "bundles").glob("*.expunge.json"))
PROVEN, SAID, POINTS = "proven", "stated", "points"


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(
        (FOLDER / f"erasure-certificate/v1/{name}.schema.json").read_bytes()
    )
    return found


def good(name: str, said: Any) -> bool:
    checker = Draft202012Validator.FORMAT_CHECKER
    return bool(Draft202012Validator(schema(name), format_checker=checker).is_valid(said))


def statement(bundle: Bundle) -> dict[str, Any]:
    payload, _, _ = unpack(bundle.certificate, PAYLOAD_TYPE)
    found: dict[str, Any] = orjson.loads(payload)
    return found


def fields(node: dict[str, Any], definitions: dict[str, Any], way: str = "") -> Iterator[str]:
    """Name every field below a schema, as the page writes it: `participants[].topic.line`."""
    node = definitions[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
    if "items" in node:
        yield from fields(node["items"], definitions, f"{way}[]")
    for name, part in node.get("properties", {}).items():
        inside = f"{way}.{name}" if way else name
        yield inside
        yield from fields(part, definitions, inside)


def table(heading: str) -> dict[str, str]:
    """Read a table of the page: what the row of each field says last."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {name: row[-1].strip() for row in rows for name in re.findall(r"`([^`]+)`", row[0])}


def test_the_page_names_every_field_and_no_other() -> None:
    of_predicate, of_statement, of_bundle = map(schema, ("predicate", "statement", "bundle"))

    assert set(table("The predicate")) == set(fields(of_predicate, of_predicate["$defs"]))
    assert set(table("The statement")) == set(of_statement["properties"])
    assert set(table("The bundle")) == set(of_bundle["properties"])


def test_the_page_calls_stated_what_the_verifier_takes_on_the_issuers_word() -> None:
    for name, word in table("The predicate").items():
        alone = re.split(r"[.\[]", name, maxsplit=1)[0] in STATED
        assert word in ({SAID, ""} if alone else {PROVEN, POINTS, ""}), name


def test_the_example_is_what_a_certificate_looks_like() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    said = orjson.loads(example)
    subjects = [f"receipt/{one['service']}" for one in said["predicate"]["participants"]]
    digests = [f"sha256:{one['digest']['sha256']}" for one in said["subject"][1:]]

    assert good("statement", said)
    assert [one["name"] for one in said["subject"]] == ["erasure-request", *subjects]
    assert [one["receipt"] for one in said["predicate"]["participants"]] == digests


def test_what_is_made_today_fits_its_schemas_and_nothing_less_does() -> None:
    for true in (story(), extended("events"), with_receipt(told(RETAINED, signer("newsletter")))):
        bundle = true.bundle()
        said = statement(bundle)

        assert good("bundle", orjson.loads(bundle.to_json()))
        assert good("statement", said)
        assert good("predicate", said["predicate"])
        assert not good("bundle", {**orjson.loads(bundle.to_json()), "more": 1})
        assert not good("statement", {**said, "person": "somebody"})
        for field in said["predicate"]:
            less = {name: value for name, value in said["predicate"].items() if name != field}
            assert not good("predicate", less), f"{field} may be missing"


def test_there_are_bundles_of_a_release() -> None:
    assert KEPT, "a release without a golden bundle promises nothing to who holds one"


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.name)
def test_what_a_release_handed_out_is_valid_for_ever(file: Path) -> None:
    data = file.read_bytes()
    raw = orjson.loads(data)
    payload = orjson.loads(base64.b64decode(raw["certificate"]))["payload"]
    said = orjson.loads(base64.b64decode(payload))

    assert verify(data)["problem"] == ""
    assert Bundle.from_json(data).certificate == base64.b64decode(raw["certificate"])
    assert good("bundle", raw)
    assert good("statement", said)
    assert good("predicate", said["predicate"])
