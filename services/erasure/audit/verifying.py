"""Bundles that somebody hands to an auditor: each checked alone, and against topic and log."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from contracts import verify_bundle
from contracts.bundle import MAX_BUNDLE_BYTES, SUFFIX
from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.entries import of_certificate
from services.erasure.audit.heading import contradicted
from services.erasure.audit.published import Published
from services.erasure.audit.replay import Replay

NO_BUNDLE: Final = "it cannot be read as a bundle"
NOT_TOLD: Final = "the topic: it names no certificate of this request"
OTHER: Final = "the topic: it names another certificate of this request"
NOT_THERE: Final = "the log: the topic names another certificate at this index"
OTHER_LOG: Final = "the log: its head was signed over another history than this topic's"
OTHER_LEAF: Final = "the log: as published, another entry stands at this index"
OTHER_HEAD: Final = "the log: its head and the published one are signed over two histories"
SHORT: Final = "the log: as published, it ends before the head that this came with"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file: `valid` None is no bundle, `problem` says what does not hold."""

    file: str
    valid: bool | None
    problem: str = ""
    sha256: str | None = None
    head: Checkpoint | None = None
    index: int | None = None

    def plain(self) -> dict[str, Any]:
        """Write it for programs."""
        return {
            "file": self.file,
            "readable": self.valid is not None,
            "valid": bool(self.valid),
            "problem": self.problem,
            "sha256": self.sha256,
            "logIndex": self.index,
        }

    def line(self) -> str:
        """Write it for people."""
        word = {True: "valid", False: "INVALID", None: "UNREADABLE"}[self.valid]
        where = "" if self.index is None else f" (entry {self.index} of the log)"
        return f"{word:<11}{self.file}{where}{': ' if self.problem else ''}{self.problem}"


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Go through files as they are named, and the bundles of folders in the order of their names.

    Raises FileNotFoundError for a name that is none, and for a folder without bundles.
    """
    for path in paths:
        inside = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not inside or not path.exists():
            raise FileNotFoundError(path)
        yield from inside


@dataclass(frozen=True, slots=True)
class Shown:
    """The published log and its newest head, which was held against the topic."""

    log: Published
    newest: Checkpoint

    def problem_at(self, index: int, digest: bytes) -> str:
        """Say what is wrong with the leaf of a certificate, or nothing. Raises Unreadable."""
        if index >= self.newest.size:
            return SHORT
        try:
            leaf = self.log.leaf(index, self.newest.size)
        except BadLog:
            return OTHER_LEAF
        return "" if leaf == of_certificate(digest) else OTHER_LEAF

    def problem_of(self, head: Checkpoint) -> str:
        """Say what is wrong with a head that this log should hold, or nothing.

        Raises Unreadable.
        """
        if head.size > self.newest.size:
            return SHORT
        try:
            self.log.check_growth(head, self.newest)
        except BadLog:
            return OTHER_HEAD
        return "" if head.origin == self.newest.origin else OTHER_HEAD


def check(
    file: Path, *, trust: bytes, root: str, work: Replay | None, shown: Shown | None = None
) -> Verdict:
    """Check one file, as `expunge verify` does.

    With `work` also whether the topic tells of it, with `shown` whether the published log has it.
    Raises Unreadable.
    """
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
    place = report.get("log")
    if shown is not None and place and not problem and report["valid"]:
        problem = shown.problem_at(place["index"], bytes.fromhex(report["sha256"]))
    index = place["index"] if report["valid"] and place else None
    return Verdict(name, not problem, problem, report.get("sha256"), head, index)


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

    def against(self, work: Replay, shown: Shown | None = None) -> Sequence[Verdict]:
        """Hold them against the published log; without it against the one that the topic tells.

        The topic tells it where there is one partition. So who was shown a log of their own finds
        out. Raises Unreadable.
        """
        if shown is not None:
            problems = {head: shown.problem_of(head) for head in self._files}
            return [
                Verdict(self._files[head], valid=False, problem=problem)
                for head, problem in problems.items()
                if problem
            ]
        log, heads = work.log, list(self._files)
        if log is None or not heads or log.lacking or len(log.partitions) > 1:
            return []
        most = max(head.size for head in heads)
        leaves = (leaf.entry for leaf in islice(log.leaves(), most))
        wrong = sorted(contradicted(leaves, heads), key=lambda head: head.size)
        return [Verdict(self._files[head], valid=False, problem=OTHER_LOG) for head in wrong]
