"""Bundles that people hand to an auditor: what holds alone, and what the topic says of it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.bundle import SUFFIX, Bundle
from contracts.merkle import leaf_hash, path, root
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.entries import of_certificate
from contracts.vocabulary import Role
from services.erasure.audit.verifying import NO_BUNDLE, NOT_THERE, NOT_TOLD, OTHER_LOG
from services.erasure.bundles import bundles
from tests.auditing import History, at, export_to, renumber, write


@pytest.fixture
async def folder(history: History, tmp_path: Path) -> Path:
    """Three people hand their bundles in."""
    ids = [saga.id for saga in history.certified]
    async with history.on.database.begin() as tx:
        made = await bundles(tx, ids, history.on.settings.trust.read_bytes())
    files = tmp_path / "bundles"
    files.mkdir()
    for number, request_id in enumerate(ids):
        (files / f"{number}{SUFFIX}").write_bytes(made[request_id].to_json())
    return files


Verdicts = tuple[int, list[dict[str, Any]], dict[str, Any]]


async def verify(history: History, *words: str | Path) -> Verdicts:
    """Verify: exit code, a verdict for each file, the summary."""
    code, out = await history.expunge("audit", "verify", *words, "--json")
    said = [orjson.loads(line) for line in out.splitlines()]
    return code, said[:-1], said[-1] if said else {}


def problems(verdicts: list[dict[str, Any]]) -> list[str]:
    return [one["problem"] for one in verdicts]


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


def shown_another_log(history: History, file: Path, index: int) -> None:
    """Give a bundle the proof of a log that its own key signed for this person alone."""
    bundle = Bundle.from_json(file.read_bytes())
    leaves = [leaf_hash(b"%d" % number) for number in range(index)]
    entry = of_certificate(sha256(bundle.certificate).digest())
    leaves.append(leaf_hash(entry))
    signer = history.on.signer("erasure", Role.LOG)
    name = Checkpoint.read(LogProof.read(bundle.log_proof or "").checkpoint).origin
    head = Checkpoint(name, len(leaves), root(leaves)).sign(signer)
    proof = LogProof(index, path(leaves, index), head).text()
    file.write_bytes(bundle.model_copy(update={"log_proof": proof}).to_json())


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
