"""Rounds: ours and the limit take turns on the same data; what counts is each round's ratio."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class GateFailed(Exception):  # noqa: N818 - the message says what was wrong
    """What was fast was wrong: the case counts for nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One side's work in one round: how many units in how many seconds."""

    units: int
    seconds: float

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.units / self.seconds


@dataclass(frozen=True, slots=True)
class Round:
    """Both sides of one round."""

    ours: Turn
    limit: Turn

    @property
    def ratio(self) -> float:
        """Our rate in the limit's."""
        return self.ours.rate / self.limit.rate


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise values. Raises statistics.StatisticsError without any."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: the unit, what the limit is, the least and the wished ratio.

    `floor` None: nothing fails by this line. `setting` is what a reader needs to judge it.
    """

    name: str
    what: str
    unit: str
    limit: str
    floor: float | None
    goal: float | None
    setting: Mapping[str, Any]


@dataclass(slots=True)
class Result:
    """A case with its rounds, or with the reason why it counts for nothing."""

    case: Case
    rounds: list[Round] = field(default_factory=list)
    wrong: str = ""

    @property
    def ratio(self) -> Spread:
        """Spread of the rounds' ratios."""
        return Spread.of([each.ratio for each in self.rounds])

    def rates(self) -> tuple[Spread, Spread]:
        """Spread of our rates and of the limit's."""
        ours = [each.ours.rate for each in self.rounds]
        return Spread.of(ours), Spread.of([each.limit.rate for each in self.rounds])

    def verdict(self, band: float) -> str:
        """Say `FAIL`, `below floor`, `in band`, `ok`, or nothing where no floor is set.

        `in band`: the floor itself is missed, but the run is too short to fail for it.
        `band` is the part of the floor that still passes: 1 on a quiet machine, less in a
        short run beside other work.
        """
        if self.wrong or not self.rounds:
            return "FAIL"
        if self.case.floor is None:
            return ""
        if self.ratio.median >= self.case.floor:
            return "ok"
        return "in band" if self.ratio.median >= band * self.case.floor else "below floor"


def failed(results: Sequence[Result], band: float) -> bool:
    """Whether any case was wrong or too slow."""
    return any(result.verdict(band) in {"FAIL", "below floor"} for result in results)
