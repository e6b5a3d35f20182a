"""A database that is behind its own log, as after a restore: the same history again, or none.

What lies between its head and the log's true end is taken from the published files, else from the
topic: certificates stand at the index that `erasure-certified` names, between them the transactions
in the order of the topic. Whatever was published must come out again, or nothing is signed.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import Kind, of_certificate
from services.erasure.log import store
from services.erasure.log.files import entries_between
from services.erasure.log.store import Head
from shared.database import Transaction


class Reason(StrEnum):
    """Why the log refuses to sign."""

    FORGED = "published-head-unsigned"  # nobody we know signed the published head
    FORKED = "second-history"  # what was published is not what is here
    CHANGED = "database-changed"  # the last leaves or the last head here are not what was signed
    TWO = store.SECOND_WRITER  # the topic has a certificate of ours that is not here: for ever
    MISSING = "history-missing"  # neither files nor topic have what lies between
    UNORDERED = "order-unknown"  # several partitions, and no files that tell their order


class Refused(Exception):  # noqa: N818 - it is what happens
    """The log would sign a second history: it signs nothing until somebody has looked."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


async def lacking(
    tx: Transaction, head: Head, folder: Path, seen: Checkpoint | None
) -> list[bytes]:
    """Work out the entries after our head, up to what was published or is named on the topic.

    Raises Refused.
    """
    named = await store.named(tx, head.size)
    entries: list[bytes] = []
    if seen is not None and seen.size > head.size:
        try:
            entries = entries_between(folder, head.size, seen.size)
        except BadLog:
            entries = []  # no files but the head: the topic must have it all
    end = max(head.told, seen.size if seen else 0)
    entries += await _from_topic(tx, head.size + len(entries), end, named, entries)
    for index, digest in named.items():
        if index < end and entries[index - head.size] != of_certificate(digest):
            raise Refused(Reason.FORKED)
    return entries


async def _from_topic(
    tx: Transaction, start: int, end: int, named: Mapping[int, bytes], known: Iterable[bytes]
) -> list[bytes]:
    """Work out entries from what the topic says. Raises Refused where that is not enough."""
    gaps = [index for index in range(start, end) if index not in named]
    placed = {entry[1:] for entry in known if entry.startswith(Kind.TRANSACTION.value)}
    waiting = [
        digest
        for digest in await store.waiting(tx, len(gaps) + len(placed))
        if digest not in placed
    ]
    if len(waiting) < len(gaps):
        raise Refused(Reason.MISSING)
    if gaps and await store.waits_in_several_partitions(tx):
        raise Refused(Reason.UNORDERED)
    said = iter(waiting)
    return [
        of_certificate(named[index]) if index in named else Kind.TRANSACTION.value + next(said)
        for index in range(start, end)
    ]
