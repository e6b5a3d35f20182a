"""Records that one reader of a process has opened, for the other readers of the same process.

Services in one worker read the same topics; proving and parsing a record is the larger part of
what reading it costs. What is shared is found by every byte that was proven and by the key that
proved it, so that nothing is believed here that a reader would not have believed itself.
"""

from collections import deque
from typing import Final, NamedTuple, TypeAlias

from contracts.proof import PublicKey
from shared.consumer.lines import AnyLine, Delivery, Unreadable

MAX_LINES: Final = 4_000  # readers of one process are at most some batches apart


# A record as it was read: topic, partition, offset, key, value, headers, and the published key
# that its header names.
Read: TypeAlias = tuple[
    str, int, int, bytes | None, bytes, tuple[tuple[str, bytes], ...], PublicKey | None
]


class Opened(NamedTuple):
    """What a reader got from it; nothing in here ever changes."""

    delivery: Delivery
    lines: tuple[AnyLine | Unreadable, ...]


class Shared:
    """Keeps what was opened last, up to so many lines; found by place, then compared whole."""

    def __init__(self, max_lines: int = MAX_LINES) -> None:
        self._max_lines = max_lines
        self._opened: dict[tuple[str, int, int], tuple[Read, Opened]] = {}
        self._order: deque[tuple[str, int, int]] = deque()
        self._lines = 0

    def find(self, read: Read) -> Opened | None:
        """Give what another reader opened, or None."""
        known = self._opened.get(read[:3])
        return None if known is None or known[0] != read else known[1]

    def keep(self, read: Read, opened: Opened) -> None:
        """Keep it for the others; the oldest go."""
        place = read[:3]
        if place in self._opened:
            return
        self._opened[place] = (read, opened)
        self._order.append(place)
        self._lines += len(opened.lines)
        while self._lines > self._max_lines:
            _, oldest = self._opened.pop(self._order.popleft())
            self._lines -= len(oldest.lines)
