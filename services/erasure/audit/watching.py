"""One look of an auditor who comes again: the head, the topic, and what was kept of both."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from contracts.errors import BadLog
from contracts.records import fields
from contracts.tlog.checkpoint import Checkpoint
from contracts.trust import KeyRing, Trust
from services.erasure.audit.entries import Entry, Source, Span
from services.erasure.audit.findings import Finding, Kind
from services.erasure.audit.heading import UNSIGNED, hold, hold_files, opened, outlived
from services.erasure.audit.keeping import Kept, Seen
from services.erasure.audit.published import Published
from services.erasure.audit.reading import replay
from services.erasure.audit.replay import Replay

OTHER_NAME: Final = "the log has another name than the one whose head was kept"
SHRUNK: Final = "the public head is over {now} leaves, the kept one over {then}: a tail was cut off"
FORKED: Final = "the public head and the kept one are signed over two histories"
CUT: Final = "partition {at} ended at offset {then} when it was seen last: a tail was cut off"
REWRITTEN: Final = "what stands below offset {then} of partition {at} is not what was seen last"
GONE: Final = "partition {at} was there when it was seen last"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found, and what is to be kept of it. `contradiction` is a head to keep too."""

    work: Replay
    kept: Kept
    size: int | None
    contradiction: bytes | None
    news: Sequence[Any]

    @property
    def alarm(self) -> bool:
        """Say whether somebody has to look: something is wrong, or new and to be asked about."""
        return bool(self.work.findings.total or self.news)


class Hashed:
    """A source that hashes what it gives, up to its end and up to where it ended last."""

    def __init__(self, source: Source, before: Sequence[Seen]) -> None:
        """Watch a source; `before` is how far its partitions were read last."""
        self._source, self._before = source, before
        self.now: dict[int, str] = {}
        self.then: dict[int, str] = {}  # over what stands below the end of last time

    @property
    def spans(self) -> tuple[Span, ...]:
        """Give the source's spans."""
        return self._source.spans

    async def read(self, partition: int) -> AsyncIterator[Entry]:
        """Read one partition's span in order. Raises Unreadable."""
        end = self._before[partition].end if partition < len(self._before) else 0
        whole, reached = sha256(b"expunge-watch/v1"), False
        async for entry in self._source.read(partition):
            if entry.offset >= end and not reached:
                self.then[partition], reached = whole.hexdigest(), True
            headers = [part for name, raw in entry.headers for part in (name.encode(), raw)]
            key = [] if entry.key is None else [entry.key]
            whole.update(fields(b"%d" % entry.offset, *key, entry.value, *headers))
            yield entry
        self.now[partition] = whole.hexdigest()
        self.then.setdefault(partition, self.now[partition])


async def look(
    source: Source,
    published: Published,
    keys: Trust,
    kept: Kept,
    *,
    now: datetime,
    advance: Callable[[int], None],
) -> Look:
    """Read the head first, so that the topic has all that it is over; then replay everything.

    Everything is read anew each time, since whoever can rewrite a topic can rewrite its beginning.
    `now` decides what is late. Raises Unreadable.
    """
    note = published.note()
    wrong, head = _head(note, keys, kept, published)
    hashed = Hashed(source, kept.partitions)
    work = await replay(hashed, KeyRing(keys), advance, log=True, now=now)
    wrong += outlived(work.log, published.leaves, note, keys, work.ring)
    for finding in (*wrong, *_moved(hashed, kept), *_logged(work, published, head, kept)):
        work.findings.add(finding)
    ends = [seen.end for seen in kept.partitions]
    news = [
        one
        for one in work.findings.notes
        if one.where.partition >= len(ends) or one.where.offset >= ends[one.where.partition]
    ]
    good = head is not None and not wrong
    return Look(
        work,
        kept.model_copy(
            update={
                "head": note.decode() if good else kept.head,
                "partitions": _seen(hashed, kept),
            }
        ),
        None if head is None else head.size,
        note if head is not None and wrong else None,
        news,
    )


def _head(
    note: bytes, keys: Trust, kept: Kept, published: Published
) -> tuple[list[Finding], Checkpoint | None]:
    """Open the public head and hold it against the kept one."""
    try:
        head = opened(note, keys)
    except BadLog:
        return [Finding(Kind.FORGED, UNSIGNED)], None
    before = kept.checkpoint()
    if before is None:
        return [], head
    if head.origin != before.origin:
        return [Finding(Kind.FORGED, OTHER_NAME)], head
    if head.size < before.size:
        return [Finding(Kind.MISSING, SHRUNK.format(now=head.size, then=before.size))], head
    try:
        published.check_growth(before, head)
    except BadLog:
        return [Finding(Kind.FORGED, FORKED)], head
    return [], head


def _moved(hashed: Hashed, kept: Kept) -> Iterator[Finding]:
    """Find what is gone from the topic or changed on it since the last look."""
    for at, seen in enumerate(kept.partitions):
        if at >= len(hashed.spans):
            yield Finding(Kind.MISSING, GONE.format(at=at))
        elif hashed.spans[at].end < seen.end:
            yield Finding(Kind.MISSING, CUT.format(at=at, then=seen.end), at)
        elif hashed.then[at] != seen.sha256:
            yield Finding(Kind.FORGED, REWRITTEN.format(at=at, then=seen.end), at)


def _logged(
    work: Replay, published: Published, head: Checkpoint | None, kept: Kept
) -> Iterator[Finding]:
    """Hold both heads against the topic, and each public leaf against what the topic says there."""
    before = kept.checkpoint()
    heads = [one for one in (before, head) if one is not None]
    if work.log is None or not heads:
        return
    found: list[Finding] = []
    if head is not None:
        over = [one for one in heads if one.size <= head.size]
        found += hold_files(work.log, published.leaves(head.size), over)
    if len(work.log.partitions) < 2:  # noqa: PLR2004 - of several, the topic alone tells no order
        found += hold(work.log, heads)
    yield from dict.fromkeys(found)


def _seen(hashed: Hashed, kept: Kept) -> tuple[Seen, ...]:
    """Note how far each partition was read; what contradicts the last time is not learnt."""
    wrong = {one.partition for one in _moved(hashed, kept)}
    now = [
        kept.partitions[at] if at in wrong else Seen(end=span.end, sha256=hashed.now[at])
        for at, span in enumerate(hashed.spans)
    ]
    return (*now, *kept.partitions[len(now) :])
