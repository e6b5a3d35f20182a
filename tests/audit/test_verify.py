"""Bundles that people hand to an auditor: what holds alone, and what the topic says of it."""

from pathlib import Path

import orjson
import pytest

from contracts.bundle import SUFFIX, Bundle
from contracts.merkle import leaf_hash
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.entries import STORED_BYTES, split_entries
from contracts.vocabulary import Role
from services.erasure.audit.verifying import (
    NO_BUNDLE,
    NOT_THERE,
    NOT_TOLD,
    OTHER_HEAD,
    OTHER_LEAF,
    OTHER_LOG,
    SHORT,
)
from tests.audit.handed_in import handed_in, problems, shown_another_log, verify
from tests.auditing import History, at, entries_of, export_to, published, renumber, write


@pytest.fixture
async def folder(history: History, tmp_path: Path) -> Path:
    return await handed_in(history, tmp_path / "bundles")


async def test_bundles_that_hold_are_on_the_topic_and_in_its_log(
    history: History, exported: Path, folder: Path
) -> None:
    await export_to(history, exported)

    alone = await verify(history, folder)
    looked_up = await verify(history, folder, "--from", exported)
    from_kafka = await verify(
        history, folder / f"0{SUFFIX}", folder / f"2{SUFFIX}", "--from", "kafka"
    )

    assert [alone[0], looked_up[0], from_kafka[0]] == [0, 0, 0]
    assert [Path(one["file"]).name for one in alone[1]] == [f"{n}{SUFFIX}" for n in range(3)]
    assert looked_up[1] == alone[1]
    assert [one["logIndex"] for one in alone[1]] == [
        await history.on.value("select log_index from certificate where request_id = $1", saga.id)
        for saga in history.certified
    ]
    assert (alone[2]["valid"], alone[2]["pinned"], alone[2]["findings"]) == (3, True, None)
    assert looked_up[2]["findings"]["total"] == 0
    assert from_kafka[2]["valid"] == 2


async def test_one_that_does_not_hold_is_named_in_the_words_of_the_verifier(
    history: History, folder: Path
) -> None:
    file = folder / f"1{SUFFIX}"
    file.write_bytes(file.read_bytes().replace(b'"lineIndex": 0', b'"lineIndex": 1', 1))
    single, out = await history.expunge("verify", file, "--json")

    code, verdicts, summary = await verify(history, folder)
    _, text = await history.expunge("audit", "verify", folder)

    assert (code, summary["valid"], summary["invalid"]) == (1, 2, 1)
    assert (single, orjson.loads(out)["problem"]) == (1, verdicts[1]["problem"])
    assert [one["valid"] for one in verdicts] == [True, False, True]
    assert f"INVALID    {file}: {verdicts[1]['problem']}" in text.decode().splitlines()


async def test_what_is_no_bundle_is_told_from_one_that_is_wrong(
    history: History, folder: Path
) -> None:
    (folder / f"3{SUFFIX}").write_bytes(b"[]")

    code, verdicts, summary = await verify(history, folder)
    nothing, _, _ = await verify(history, folder / "nowhere")
    other_root, wrong, _ = await verify(history, folder / f"0{SUFFIX}", "--root", "0" * 64)

    assert (code, summary["unreadable"], problems(verdicts)[3]) == (2, 1, NO_BUNDLE)
    assert nothing == 2
    assert (other_root, wrong[0]["valid"]) == (1, False)


async def test_a_certificate_that_the_topic_does_not_name_is_found(
    history: History, exported: Path, folder: Path
) -> None:
    lines = await export_to(history, exported)
    del lines[at(lines, "erasure-certified") :]
    renumber(lines)
    write(exported, lines)

    code, verdicts, _ = await verify(history, folder, "--from", exported)

    assert (code, problems(verdicts)) == (1, [NOT_TOLD] * 3)


async def test_who_was_shown_a_log_of_their_own_finds_out(
    history: History, exported: Path, folder: Path
) -> None:
    await export_to(history, exported)
    files = [folder / f"{number}{SUFFIX}" for number in range(2)]
    bundle = Bundle.from_json(files[0].read_bytes())
    shown_another_log(history, files[0], LogProof.read(bundle.log_proof or "").at)
    shown_another_log(history, files[1], 0)

    alone, _, _ = await verify(history, folder)
    code, verdicts, _ = await verify(history, folder, "--from", exported)

    assert alone == 0, "nobody alone can tell"
    assert (code, problems(verdicts)) == (1, ["", NOT_THERE, "", OTHER_LOG])
    assert verdicts[3]["file"] == str(files[0])


async def test_a_published_log_shows_what_is_wrong_with_its_leaf_and_its_head(
    history: History, exported: Path, folder: Path
) -> None:
    """Also where the topic has several partitions, and does not tell their order itself."""
    await export_to(history, exported)
    log = await published(history, exported.with_name("log"))
    words = ("--from", exported, "--log", log)
    sound = await verify(history, folder, *words)
    file = folder / f"0{SUFFIX}"
    bundle = Bundle.from_json(file.read_bytes())
    shown_another_log(history, file, LogProof.read(bundle.log_proof or "").at)
    forked = await verify(history, folder, *words)
    leaf = entries_of(log)
    content = bytearray(leaf.read_bytes())
    content[sound[1][1]["logIndex"] * STORED_BYTES + STORED_BYTES - 1] ^= 1
    leaf.write_bytes(content)
    flipped = await verify(history, folder / f"1{SUFFIX}", *words)
    nowhere, _, _ = await verify(history, folder, "--from", exported, "--log", folder)
    alone, _, _ = await verify(history, folder, "--log", log)

    assert (sound[0], problems(sound[1]), sound[2]["findings"]["total"]) == (0, [""] * 3, 0)
    assert (forked[0], problems(forked[1])) == (1, ["", "", "", OTHER_HEAD])
    assert forked[1][3]["file"] == str(file)
    assert (flipped[0], problems(flipped[1])) == (1, [OTHER_LEAF])
    assert flipped[2]["findings"]["total"] > 0, "nor is it what the topic says there"
    assert (nowhere, alone) == (3, 2)


async def test_a_published_log_that_is_older_than_a_bundle_cannot_confirm_it(
    history: History, exported: Path, folder: Path
) -> None:
    await export_to(history, exported)
    log = await published(history, exported.with_name("log"))
    name = Checkpoint.read((log / "checkpoint").read_bytes()).origin
    (first,) = split_entries(entries_of(log).read_bytes()[:STORED_BYTES])
    signer = history.on.signer("erasure", Role.LOG)
    (log / "checkpoint").write_bytes(Checkpoint(name, 1, leaf_hash(first)).sign(signer))

    code, verdicts, _ = await verify(history, folder, "--from", exported, "--log", log)

    assert (code, problems(verdicts)) == (1, [SHORT] * 3)
