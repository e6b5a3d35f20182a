"""What any release sent is opened today, byte for byte."""

import base64
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from contracts import golden_files
from contracts.messages import MESSAGES, encode
from contracts.proof import PublicKey, seal
from contracts.reading import Opened, open_record
from contracts.vocabulary import MessageType, Role
from tests.contracts.samples import SAMPLES, public, record_of, signer
from tests.contracts.test_reading import SPEAKERS

RELEASES = sorted(golden_files.FOLDER.glob("*.json"))
PARTITIONS = 4


def _records(release: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(release.read_bytes())
    return found


def _opened(one: dict[str, Any]) -> Opened:
    signed_by = one["signer"]
    key = PublicKey(
        signed_by["key_id"],
        signed_by["service"],
        Role(signed_by["role"]),
        bytes.fromhex(signed_by["public_key"]),
        datetime.fromisoformat(signed_by["not_before"]),
    )
    return open_record(
        one["topic"],
        one["partition"],
        None if one["key"] is None else base64.b64decode(one["key"]),
        base64.b64decode(one["value"]),
        [(name, base64.b64decode(value)) for name, value in one["headers"]],
        offset=0,
        signer=key,
        partitions=one["partitions"],
    )


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_record_of_a_release_is_opened(release: Path) -> None:
    records = _records(release)

    for one in records:
        opened = _opened(one)
        assert opened.record_id.hex() == one["record_id"]
        assert opened.record.value == base64.b64decode(one["value"])
        for event, line in zip(opened.events, opened.record.lines, strict=True):
            written = encode(event.message, source=event.source, id=UUID(event.id), time=event.time)
            now, then = orjson.loads(written)["data"], orjson.loads(line)["data"]
            assert {**now, **then} == now, "what was said is read"
            assert not any(now[name] for name in now.keys() - then.keys()), "and nothing else"


def test_the_latest_release_has_every_type() -> None:
    assert RELEASES, "a release without golden records promises nothing"
    types = {MessageType(_opened(one).record.type) for one in _records(RELEASES[-1])}

    assert types == set(MESSAGES)


def test_the_samples_still_make_the_bytes_that_were_kept() -> None:
    made = []
    for message in SAMPLES:
        by = SPEAKERS.get(message.type, signer())
        record = record_of(message, source=by.service, partitions=PARTITIONS)
        (proof,) = seal([record], by)
        made.append(golden_files.kept(record, proof, public(by), PARTITIONS))

    assert made == _records(RELEASES[-1]), "a changed byte needs a new version of its type"


def test_a_release_is_never_written_again() -> None:
    with pytest.raises(FileExistsError):
        golden_files.write(RELEASES[-1].stem, [])
