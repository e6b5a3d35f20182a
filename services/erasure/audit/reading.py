"""A replay of everything that a source has."""

from collections.abc import Callable
from datetime import datetime

from contracts.trust import KeyRing
from services.erasure.audit.entries import Source, reading_order
from services.erasure.audit.replay import Replay


async def replay(
    source: Source,
    ring: KeyRing,
    advance: Callable[[int], None],
    *,
    compare: bool = False,
    log: bool = False,
    now: datetime | None = None,
) -> Replay:
    """Read a source to its end and judge it; the rest as in `Replay` and its `finish`.

    Raises Unreadable.
    """
    work = Replay(ring, source.spans, compare=compare, log=log)
    for partition in reading_order(len(source.spans)):
        async for entry in source.read(partition):
            work.feed(entry)
            advance(1)
    work.finish(now)
    return work
