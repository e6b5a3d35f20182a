"""What an auditor can find wrong, in the order of the topic."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

MAX_SHOWN: Final = 100  # findings kept with their places; the others are counted


class Kind(StrEnum):
    """How something differs from what it should be."""

    MISSING = "missing"
    EXTRA = "extra"
    REORDERED = "reordered"
    LATE = "late"
    FORGED = "forged"


class Where(NamedTuple):
    """Where an entry stands, or a line of it; without a line it is the entry as a whole."""

    partition: int
    offset: int
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: where it was met (None: at the end), whose saga, what is wrong.

    `what` is a sentence of ours with ids and names of services, never bytes of the entry.
    """

    kind: Kind
    what: str
    partition: int | None = None
    offset: int | None = None
    line: int | None = None
    request_id: str | None = None

    @property
    def place(self) -> str:
        """Say where: partition, offset, line."""
        return place_of(self.partition, self.offset, self.line)


def place_of(partition: int | None, offset: int | None, line: int | None) -> str:
    """Write a place for people."""
    if partition is None:
        return "at the end"
    at = f"partition {partition}"
    if offset is None:
        return at
    at = f"{at} offset {offset}"
    return at if line is None else f"{at} line {line}"


class Note(NamedTuple):
    """Something that may be right, and that somebody should ask about: no finding."""

    what: str
    where: Where


class Findings:
    """Keeps the first findings and counts all, so that a ruined topic does not fill the memory."""

    def __init__(self) -> None:
        self.first: list[Finding] = []
        self.notes: list[Note] = []
        self.counts: Counter[Kind] = Counter()

    def add(self, finding: Finding) -> None:
        """Note a finding."""
        self.counts[finding.kind] += 1
        if len(self.first) < MAX_SHOWN:
            self.first.append(finding)

    def note(self, note: Note) -> None:
        """Write down what is no finding."""
        if len(self.notes) < MAX_SHOWN:
            self.notes.append(note)

    @property
    def total(self) -> int:
        """How many there are."""
        return self.counts.total()
