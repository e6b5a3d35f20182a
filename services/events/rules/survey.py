"""The survey: own questions with closed answers, reading material by answer, counts that remain."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Question -> the answers it has. A remark may be added; it is never kept after deletion (R-EV-08).
QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "overall": ("very-good", "good", "fair", "poor"),
    "pace": ("too-slow", "right", "too-fast"),
    "interest": ("archive", "invoices", "contracts", "nothing"),
}
REMARK: Final = "remark"
MAX_REMARK_CHARS: Final = 2_000


class Channel(StrEnum):
    """How reading material comes; each needs its own tick (R-EV-07)."""

    EMAIL = "email"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Reading:
    """One piece of reading material: offered to whoever gave one of these answers."""

    name: str
    answers: Mapping[str, tuple[str, ...]]

    def fits(self, given: Mapping[str, str]) -> bool:
        """Say whether the answers given ask for it."""
        return any(given.get(question) in wanted for question, wanted in self.answers.items())


@dataclass(frozen=True, slots=True)
class Sending:
    """One piece of reading material that a person is to get by one channel."""

    reading: str
    channel: Channel


def choose(
    given: Mapping[str, str], readings: Iterable[Reading], channels: Collection[Channel]
) -> tuple[Sending, ...]:
    """Choose what a person gets, by their answers and ticks; without a channel nothing (R-EV-06).

    `channels` are those of a declaration `event.material` that is in force; empty without one.
    """
    return tuple(
        Sending(reading.name, channel)
        for reading in readings
        if reading.fits(given)
        for channel in Channel
        if channel in channels
    )


def shown(counts: Mapping[str, int], min_cell: int) -> dict[str, int | None]:
    """Give counts by answer; None stands for less than `min_cell`, also zero (R-EV-08).

    If just one answer would be hidden, a reader who knows the sum could work it out: then the
    smallest of the others is hidden too.
    """
    hidden = {answer for answer, count in counts.items() if count < min_cell}
    others = sorted((count, answer) for answer, count in counts.items() if answer not in hidden)
    if len(hidden) == 1 and others:
        hidden.add(others[0][1])
    return {answer: None if answer in hidden else count for answer, count in counts.items()}
