"""A head of the log that an auditor kept shows what a topic alone cannot: that its tail is gone."""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.proof import Signer
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.cosignature import cosign
from contracts.tlog.entries import STORED_BYTES
from contracts.tlog.notes import add_signatures
from contracts.vocabulary import Role
from services.erasure.audit.heading import OTHER_FILES, OUTLIVED
from services.witness.keeping import Key
from shared.keys import load_trust, root_signer
from tests.auditing import (
    History,
    Lines,
    at,
    entries_of,
    export_to,
    published,
    renumber,
    write,
)
from tests.revoking import end_at, revoked


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


async def found_in(
    history: History, exported: Path, lines: Lines, *more: str | Path
) -> tuple[int, list[dict[str, Any]]]:
    """Replay lines: exit code and findings."""
    write(exported, lines)
    code, out = await history.expunge(
        "audit", "replay", "--from", exported, "--trust", history.on.settings.trust, *more, "--json"
    )
    return code, orjson.loads(out)["findings"]["first"]


async def held(history: History, exported: Path, lines: Lines, head: Path) -> tuple[int, list[str]]:
    """Replay lines against a head: exit code, and the findings as kind and sentence."""
    code, found = await found_in(history, exported, lines, "--checkpoint", head)
    return code, [f"{one['kind']}: {one['what']}" for one in found]


def swapped(lines: Lines) -> Lines:
    """Let two questions change places, and number all entries anew."""
    first, second = at(lines, "key-published"), at(lines, "register-published")
    lines[first], lines[second] = lines[second], lines[first]
    renumber(lines)
    return lines


@pytest.fixture
async def files(history: History, tmp_path: Path) -> Path:
    return await published(history, tmp_path / "log")


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
    """No cause stands behind its effect, and their times are close."""
    lines = swapped(await export_to(history, exported))

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


async def test_the_published_log_of_a_sound_topic_holds(
    history: History, exported: Path, files: Path
) -> None:
    lines = await export_to(history, exported)

    assert await found_in(history, exported, lines, "--log", files) == (0, [])


async def test_the_first_leaf_that_differs_is_named_with_its_place_on_the_topic(
    history: History, exported: Path, files: Path
) -> None:
    lines = swapped(await export_to(history, exported))

    code, (found,) = await found_in(history, exported, lines, "--log", files)

    assert (code, found["kind"], found["offset"]) == (1, "reordered", 0)
    assert found["what"].startswith("leaf 0 of the log stands in another place than on the topic")


async def test_a_leaf_that_was_changed_is_on_no_topic_and_under_no_head(
    history: History, exported: Path, files: Path
) -> None:
    lines = await export_to(history, exported)
    bundle = entries_of(files)
    content = bytearray(bundle.read_bytes())
    content[2 * STORED_BYTES - 1] ^= 1
    bundle.write_bytes(content)

    code, found = await found_in(history, exported, lines, "--log", files)

    assert (code, [one["kind"] for one in found]) == (1, ["missing", "forged"])
    assert found[0]["what"].startswith("leaf 1 of the log is on no topic; the topic goes on with")
    assert found[1]["what"] == OTHER_FILES


async def test_a_log_that_was_cut_off_below_its_head_is_missed(
    history: History, exported: Path, files: Path
) -> None:
    lines = await export_to(history, exported)
    entries_of(files).unlink()

    code, found = await found_in(history, exported, lines, "--log", files)

    assert (code, [one["kind"] for one in found]) == (1, ["missing"])


async def test_without_a_log_there_is_no_verdict(history: History, exported: Path) -> None:
    await export_to(history, exported)
    elsewhere = exported.with_name("nowhere")

    code, _ = await history.expunge("audit", "replay", "--from", exported, "--log", elsewhere)

    assert code == 3


async def test_a_head_of_a_revoked_key_counts_over_what_stood_before_its_end(
    history: History, exported: Path, kept: Path, files: Path, tmp_path: Path
) -> None:
    lines = await export_to(history, exported)
    settings = history.on.settings
    key = history.on.signer("erasure", Role.LOG).key_id
    last = lines[-1]["offset"]
    middle = lines[at(lines, "slice-verified", 1)]["offset"]
    beside = [("--checkpoint", kept), ("--log", files), ("--checkpoint", kept, "--log", files)]
    seen = {}
    for end, elsewhere in ((last + 1, 0), (middle, 0), (last + 1, 1)):
        file = tmp_path / "trust.json"
        file.write_bytes(
            revoked(load_trust(settings), root_signer(settings), key, end_at(end, elsewhere))
        )
        seen[end, elsewhere] = [
            await found_in(history, exported, lines, *more, "--trust", file) for more in beside
        ]

    assert seen[last + 1, 0] == [(0, [])] * len(beside)
    for (code, (found, *more)), (_, (first, *_)) in zip(
        seen[middle, 0], seen[last + 1, 1], strict=True
    ):
        assert (code, found["kind"], found["what"], more) == (1, "forged", OUTLIVED, [])
        assert found["offset"] >= middle
        assert (first["what"], first["offset"]) == (OUTLIVED, 0)


def have_cosigned(file: Path, key: Key) -> None:
    """Put a witness's line below a head."""
    note = file.read_bytes()
    line = cosign(note, key.verifier.name, key.signer, 1_700_000_000)
    file.write_bytes(add_signatures(note, [line]))


async def test_a_witness_that_is_demanded_must_have_cosigned_the_head(
    history: History, exported: Path, kept: Path
) -> None:
    lines = await export_to(history, exported)
    one, two = (Key(f"w{n}.example.org", bytes([n]) * 32) for n in (1, 2))
    have_cosigned(kept, one)
    by_one, by_two = ("--witness", str(one.verifier)), ("--witness", str(two.verifier))
    head = ("--checkpoint", kept)

    assert await found_in(history, exported, lines, *head) == (0, [])
    assert await found_in(history, exported, lines, *head, *by_one) == (0, [])
    code, found = await found_in(history, exported, lines, *head, *by_one, *by_two)

    assert code == 1
    assert [f"{each['kind']}: {each['what']}" for each in found] == [
        "missing: the checkpoint is not cosigned by w2.example.org"
    ]
