"""A head of the log that somebody kept, held against the topic: the only way to miss a tail."""

from typing import Final

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint
from contracts.trust import Trust
from contracts.vocabulary import Role
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.replay import Replay
from services.erasure.log.judging import begins_with

UNSIGNED: Final = "the checkpoint is not signed by a key of the log that this list names"
OPEN: Final = "a log over several partitions cannot be worked out from the topic alone"
OTHER: Final = "the checkpoint was signed over another history than this topic's"


def hold(work: Replay, note: bytes, keys: Trust) -> None:
    """Add what contradicts a signed checkpoint to the findings of a replay that kept the log."""
    try:
        head = _opened(note, keys)
    except BadLog:
        work.findings.add(Finding(Kind.FORGED, UNSIGNED))
        return
    said = work.log
    entries = None if said is None else said.entries()
    if said is not None and (said.lacking or (entries is not None and head.size > len(entries))):
        have = len(said.places) + len(said.certificates)
        what = f"the checkpoint is over {head.size} leaves, the topic tells of {have}"
        work.findings.add(Finding(Kind.MISSING, what))
    elif entries is None:
        work.findings.add(Finding(Kind.MISSING, OPEN))
    elif not begins_with(head, entries):
        work.findings.add(Finding(Kind.FORGED, OTHER))


def _opened(note: bytes, keys: Trust) -> Checkpoint:
    """Read a checkpoint that one of the log's keys signed. Raises BadLog."""
    for key in keys.keys:
        if key.role is Role.LOG:
            try:
                return Checkpoint.open(note, bytes.fromhex(key.public_key))
            except BadLog:
                continue
    raise BadLog
