"""A head of the log that an auditor kept shows what a topic alone cannot: that its tail is gone."""

import os
from pathlib import Path

import orjson
import pytest

from contracts.proof import Signer
from contracts.tlog.checkpoint import Checkpoint
from contracts.vocabulary import Role
from tests.auditing import History, Lines, at, export_to, renumber, write


@pytest.fixture
async def kept(history: History, tmp_path: Path) -> Path:
    """Keep the newest head, as the log's writer signed it."""
    note = await history.on.value("select note from log_checkpoint order by size desc limit 1")
    file = tmp_path / "checkpoint"
    file.write_bytes(note)
    return file


def sign_anew(file: Path, note: bytes, signer: Signer) -> None:
    """Sign a head with another key."""
    file.write_bytes(Checkpoint.read(note).sign(signer))


async def held(history: History, exported: Path, lines: Lines, head: Path) -> tuple[int, list[str]]:
    """Replay lines against a head: exit code, and the findings as kind and sentence."""
    write(exported, lines)
    replay = ("audit", "replay", "--from", exported, "--checkpoint", head, "--json")
    code, out = await history.expunge(*replay)
    found = orjson.loads(out)["findings"]["first"]
    return code, [f"{one['kind']}: {one['what']}" for one in found]


async def test_the_head_of_a_sound_topic_holds(
    history: History, exported: Path, kept: Path
) -> None:
    lines = await export_to(history, exported)

    assert await held(history, exported, lines, kept) == (0, [])


async def test_a_tail_that_was_cut_off_and_hidden_is_missed(
    history: History, exported: Path, kept: Path
) -> None:
    lines = await export_to(history, exported)
    del lines[at(lines, "erasure-certified") :]
    renumber(lines)

    code, found = await held(history, exported, lines, kept)

    assert code == 1
    assert found[0].startswith("missing: the checkpoint is over")


async def test_transactions_that_changed_places_are_another_history(
    history: History, exported: Path, kept: Path
) -> None:
    """Two questions swapped: no cause stands behind its effect, and their times are close."""
    lines = await export_to(history, exported)
    first, second = at(lines, "key-published"), at(lines, "register-published")
    lines[first], lines[second] = lines[second], lines[first]
    renumber(lines)

    code, found = await held(history, exported, lines, kept)

    assert (code, found) == (
        1,
        ["forged: the checkpoint was signed over another history than this topic's"],
    )


async def test_a_head_by_another_key_proves_nothing(
    history: History, exported: Path, kept: Path
) -> None:
    lines = await export_to(history, exported)
    stranger = Signer("erasure", Role.LOG, os.urandom(32))
    note = await history.on.value("select note from log_checkpoint order by size desc limit 1")
    elsewhere = kept.with_suffix(".forged")
    sign_anew(elsewhere, note, stranger)

    code, found = await held(history, exported, lines, elsewhere)

    assert (code, [one.partition(":")[0] for one in found]) == (1, ["forged"])
