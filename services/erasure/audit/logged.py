"""What was replayed, held against the log: heads that somebody kept, and the published log."""

from collections.abc import Iterable, Iterator, Sequence

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint
from contracts.trust import Trust
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.heading import (
    UNSIGNED,
    Leaves,
    hold,
    hold_files,
    opened,
    outlived,
    told_leaves,
)
from services.erasure.audit.published import Published
from services.erasure.audit.replay import Replay


def look_at_log(
    work: Replay, keys: Trust, notes: Sequence[bytes], published: Published | None
) -> Checkpoint | None:
    """Hold heads that somebody kept, and the published log, against the topic.

    Gives the newest head that is published, None if nobody signed it. Raises Unreadable.
    """
    heads = [head for note in notes for head in _heads(work, keys, note)]
    if work.log is None:
        return None
    if published is None:
        newest = list[Checkpoint]()
        found = [*hold(work.log, heads), *_outlived(work, keys, notes, told_leaves(work.log))]
    else:
        note = published.note()
        newest = _heads(work, keys, note)
        size = max((head.size for head in newest), default=0)
        found = list(hold_files(work.log, published.leaves(size), [*heads, *newest]))
        found += _outlived(work, keys, [*notes, note], published.leaves)
    for finding in found:
        work.findings.add(finding)
    return next(iter(newest), None)


def _outlived(
    work: Replay, keys: Trust, notes: Iterable[bytes], leaves: Leaves
) -> Iterator[Finding]:
    """Find heads by keys of the log that were revoked before all that they are over."""
    for note in dict.fromkeys(notes):
        yield from outlived(work.log, leaves, note, keys, work.ring)


def _heads(work: Replay, keys: Trust, note: bytes) -> list[Checkpoint]:
    """Open a head; one that nobody signed is a finding."""
    try:
        return [opened(note, keys)]
    except BadLog:
        work.findings.add(Finding(Kind.FORGED, UNSIGNED))
        return []
