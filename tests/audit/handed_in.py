"""Bundles that people hand to an auditor, one of them with a log made for its person alone."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from contracts.bundle import SUFFIX, Bundle
from contracts.merkle import leaf_hash, path, root
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.entries import of_certificate
from contracts.vocabulary import Role
from services.erasure.bundles import bundles
from tests.auditing import History


async def handed_in(history: History, files: Path) -> Path:
    """Let everybody hand their bundle in; gives the folder."""
    ids = [saga.id for saga in history.certified]
    async with history.on.database.begin() as tx:
        made = await bundles(tx, ids, history.on.settings.trust.read_bytes())
    return _written(files, [made[request_id].to_json() for request_id in ids])


def _written(files: Path, contents: Sequence[bytes]) -> Path:
    files.mkdir()
    for number, content in enumerate(contents):
        (files / f"{number}{SUFFIX}").write_bytes(content)
    return files


Verdicts = tuple[int, list[dict[str, Any]], dict[str, Any]]


async def verify(history: History, *words: str | Path) -> Verdicts:
    """Verify: exit code, a verdict for each file, the summary."""
    code, out = await history.expunge("audit", "verify", *words, "--json")
    said = [orjson.loads(line) for line in out.splitlines()]
    return code, said[:-1], said[-1] if said else {}


def problems(verdicts: list[dict[str, Any]]) -> list[str]:
    """Give what is wrong with each, or nothing."""
    return [one["problem"] for one in verdicts]


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
