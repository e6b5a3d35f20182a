"""Records of every release, kept for ever: today's code must open what yesterday's sent.

`golden/bundles/` has certificates of each release, as people hold them. A file is written once,
when a release is made, and never again.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from contracts.proof import Proof, PublicKey, Record

FOLDER = Path(__file__).with_name("golden")


def kept(record: Record, proof: Proof, key: PublicKey, partitions: int) -> dict[str, Any]:
    """Describe a record as it stood on a topic, with what a reader knew of its signer."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "partitions": partitions,
        "key": None if record.key is None else base64.b64encode(record.key).decode(),
        "value": base64.b64encode(record.value).decode(),
        "headers": [[name, base64.b64encode(value).decode()] for name, value in proof.headers()],
        "record_id": record.id.hex(),
        "signer": {
            "key_id": key.key_id,
            "service": key.service,
            "role": key.role.value,
            "public_key": key.public.hex(),
            "not_before": key.not_before.isoformat(),
        },
    }


def write(release: str, records: Sequence[dict[str, Any]]) -> Path:
    """Write the file of a release. Raises FileExistsError: a release is kept as it was."""
    path = FOLDER / f"{release}.json"
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        file.write(orjson.dumps(list(records), option=orjson.OPT_INDENT_2))
    return path
