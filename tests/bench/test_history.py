"""A history made for measuring is one that an auditor believes, and memory can be tried on it."""

from pathlib import Path

import orjson
import pytest

from bench import gate, history
from bench.rounds import GateFailed
from tests.auditing import expunge, read, write

SAGAS = 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the history of a few sagas."""
    history.write(tmp_path, SAGAS, lambda _: None)
    return tmp_path


async def test_its_replay_finds_every_saga_certified_and_its_head_in_order(folder: Path) -> None:
    code, out = await expunge(
        {},
        *("audit", "replay", "--from", folder / "topic.ndjson", "--trust", folder / "trust.json"),
        *("--checkpoint", folder / "checkpoint", "--json"),
    )

    said = orjson.loads(out)
    assert (code, said["findings"]["total"]) == (0, 0)
    assert (said["sagas"]["certified"], said["sagas"]["ended"], said["sagas"]["open"]) == (3, 3, 0)
    assert said["messages"]["erasure-certified"] == SAGAS


async def test_a_history_that_is_wrong_counts_for_nothing(folder: Path) -> None:
    lines = read(folder / "topic.ndjson")
    write(folder / "topic.ndjson", lines[:-1])

    with pytest.raises(GateFailed, match="audit replay finds nothing"):
        await gate.replay_file(folder)
