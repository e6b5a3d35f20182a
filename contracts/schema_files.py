"""JSON Schema files of every message, of the certificate and of the bundle, from the models.

`producer` is closed: a stray field cannot get out. `consumer` passes unknown fields over, so that
today's service understands tomorrow's. What a certificate says is closed and whole: every field of
its version stands in it. Write the files with `python -m contracts.schema_files`; a test compares
them with the models. docs/certificate.md explains the certificate's, field for field.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from contracts.bundle import Bundle
from contracts.certificate import PREDICATE_TYPE, Part, Predicate, Statement
from contracts.events import CONTENT_TYPE, SPEC_VERSION, event_type, schema_url
from contracts.messages import MESSAGES, Message

FOLDER = Path(__file__).with_name("schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
UUID_FORM = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
CERTIFICATE_SCHEMAS = "https://expunge.dev/schemas/erasure-certificate/v1"
TIME_FORM = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$"

Schema = dict[str, Any]


def _tidy(node: Any, *, closed: bool) -> None:
    """Spell formats out as patterns, drop made-up titles, close or open every object."""
    if isinstance(node, list):
        for part in node:
            _tidy(part, closed=closed)
    if not isinstance(node, dict):
        return
    if node.get("type") == "string":
        form = {"uuid": UUID_FORM, "date-time": TIME_FORM}.get(node.get("format", ""))
        if form:
            node["pattern"] = form
    if node.get("type") == "object" and "patternProperties" in node:
        node["additionalProperties"] = False  # names of tables and parameters are never free
    elif node.get("type") == "object" and not closed:
        node.pop("additionalProperties", None)
    if isinstance(node.get("title"), str):
        node.pop("title")
    for part in node.values():
        _tidy(part, closed=closed)


def message_schema(message: type[Message], *, closed: bool) -> Schema:
    """Describe one event with this message as its data; `closed` for what we produce."""
    data = message.model_json_schema(mode="validation")
    definitions = data.pop("$defs", {})
    schema: Schema = {
        "$schema": DIALECT,
        "$id": schema_url(message.type).replace("producer", "producer" if closed else "consumer"),
        "description": data.pop("description", ""),
        "type": "object",
        "properties": {
            "specversion": {"const": SPEC_VERSION},
            "id": {"type": "string", "format": "uuid"},
            "source": {"type": "string", "pattern": "^expunge:[a-z][a-z0-9]{0,30}$"},
            "type": {"const": event_type(message.type)},
            "time": {"type": "string", "format": "date-time"},
            "subject": {"type": "string", "pattern": UUID_FORM[:-1] + "$|^register$"},
            "datacontenttype": {"const": CONTENT_TYPE},
            "dataschema": {"const": schema_url(message.type)},
            "data": data,
        },
        "additionalProperties": False,
        "$defs": definitions,
    }
    schema["required"] = list(schema["properties"])
    schema = deepcopy(schema)
    _tidy(schema, closed=closed)
    return schema


def _part_schema(model: type[Part], name: str, *, whole: bool = False) -> Schema:
    """Describe a part of the certificate's file; `whole` where it never leaves a field out."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    if whole:
        for part in (schema, *schema.get("$defs", {}).values()):
            if "properties" in part:
                part["required"] = list(part["properties"])
    _tidy(schema, closed=True)
    return {"$schema": DIALECT, "$id": name, **schema}


def files() -> dict[str, bytes]:
    """Return every schema file: path below `contracts/schemas`, bytes."""
    found = {
        f"{kind.value}/v1/{side}.schema.json": message_schema(message, closed=side == "producer")
        for kind, message in MESSAGES.items()
        for side in ("producer", "consumer")
    }
    parts = {
        "predicate": _part_schema(Predicate, PREDICATE_TYPE, whole=True),
        "statement": _part_schema(
            Statement, f"{CERTIFICATE_SCHEMAS}/statement.schema.json", whole=True
        ),
        "bundle": _part_schema(Bundle, f"{CERTIFICATE_SCHEMAS}/bundle.schema.json"),
    }
    found |= {f"erasure-certificate/v1/{name}.schema.json": one for name, one in parts.items()}
    return {
        path: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()
        for path, schema in found.items()
    }


def write() -> None:
    """Write the files."""
    for path, content in files().items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    write()
