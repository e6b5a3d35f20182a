"""Bundles that somebody hands to an auditor: each checked alone, and against topic and log."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from contracts import verify_bundle
from contracts.bundle import MAX_BUNDLE_BYTES, SUFFIX
from contracts.tlog.checkpoint import Checkpoint, LogProof
from services.erasure.audit.heading import contradicted
from services.erasure.audit.replay import Replay

NO_BUNDLE: Final = "it cannot be read as a bundle"
NOT_TOLD: Final = "the topic: it names no certificate of this request"
OTHER: Final = "the topic: it names another certificate of this request"
NOT_THERE: Final = "the log: the topic names another certificate at this index"
OTHER_LOG: Final = "the log: its head was signed over another history than this topic's"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file: `valid` None is no bundle, `problem` says what does not hold."""

    file: str
    valid: bool | None
    problem: str = ""
    sha256: str | None = None
    head: Checkpoint | None = None

    def plain(self) -> dict[str, Any]:
        """Write it for programs."""
        return {
            "file": self.file,
            "readable": self.valid is not None,
            "valid": bool(self.valid),
            "problem": self.problem,
            "sha256": self.sha256,
        }

    def line(self) -> str:
        """Write it for people."""
        word = {True: "valid", False: "INVALID", None: "UNREADABLE"}[self.valid]
        return f"{word:<11}{self.file}{': ' if self.problem else ''}{self.problem}"


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Go through files as they are named, and the bundles of folders in the order of their names.

    Raises FileNotFoundError for a name that is none, and for a folder without bundles.
    """
    for path in paths:
        inside = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not inside or not path.exists():
            raise FileNotFoundError(path)
        yield from inside


def check(file: Path, *, trust: bytes, root: str, work: Replay | None) -> Verdict:
    """Check one file, as `expunge verify` does; with `work` also whether the topic tells of it."""
    name = str(file)
    try:
        if file.stat().st_size > MAX_BUNDLE_BYTES:
            return Verdict(name, None, NO_BUNDLE)
        data = file.read_bytes()
        proof = json.loads(data).get("logProof")
    except (OSError, ValueError, AttributeError, RecursionError):
        return Verdict(name, None, NO_BUNDLE)
    report = verify_bundle.verify(data, root=root, trust=trust)
    problem, head = report["problem"], None
    if report["valid"] and proof is not None:
        head = Checkpoint.read(LogProof.read(proof).checkpoint)
    if report["valid"] and work is not None:
        problem = _against(work, report)
    return Verdict(name, not problem, problem, report.get("sha256"), head)


def _against(work: Replay, report: Mapping[str, Any]) -> str:
    """Say what the topic contradicts of a valid bundle, or nothing."""
    told = work.sagas.closed.get(report["certificate"]["requestId"])
    digest, place = bytes.fromhex(report["sha256"]), report["log"]
    if told is None or not told.certificate:
        return NOT_TOLD
    if told.certificate != digest:
        return OTHER
    if place is None or work.log is None or work.log.certificate_at(place["index"]) == digest:
        return ""
    return NOT_THERE


class Heads:
    """The heads that bundles come with, each once, with the first file that has it."""

    def __init__(self) -> None:
        """Begin without any."""
        self._files: dict[Checkpoint, str] = {}

    def add(self, verdict: Verdict) -> None:
        """Remember the head of a valid bundle."""
        if verdict.valid and verdict.head is not None:
            self._files.setdefault(verdict.head, verdict.file)

    def against(self, work: Replay) -> Sequence[Verdict]:
        """Hold them against the log that follows from the topic, where one partition tells it.

        So who was shown a log of their own finds out.
        """
        log, heads = work.log, list(self._files)
        if log is None or not heads or log.lacking or len(log.partitions) > 1:
            return []
        most = max(head.size for head in heads)
        leaves = (leaf.entry for leaf in islice(log.leaves(), most))
        wrong = sorted(contradicted(leaves, heads), key=lambda head: head.size)
        return [Verdict(self._files[head], valid=False, problem=OTHER_LOG) for head in wrong]
