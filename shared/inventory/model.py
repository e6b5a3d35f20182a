"""What a service holds about people: every table and column, why, how long, what erasure does.

A lawyer can read an inventory aloud; erasure, export, search and the house tests run on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from contracts.purposes import Basis, purpose_named
from contracts.vocabulary import Ground

SUBJECT = "subject"
SUBJECT_ID = "subject_id"


class Source(StrEnum):
    """Where a value comes from; portability gives back what the person provided (Art. 20)."""

    PERSON = "the person"
    SERVICE = "the service itself"
    DEVICE = "the person's device"


@dataclass(frozen=True, slots=True)
class Root:
    """The id of the relationship: foreign key to `subject`, deleted with it."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A value about a person, or made from one: `what` is shown in the record of processing."""

    what: str
    source: Source = Source.PERSON


@dataclass(frozen=True, slots=True)
class NotPersonal:
    """A value that says nothing about anybody; `why` is owed (R-POL-05)."""

    why: str


Column = Root | Personal | NotPersonal


@dataclass(frozen=True, slots=True)
class UntilWithdrawn:
    """Kept until the consent is withdrawn."""


@dataclass(frozen=True, slots=True)
class UntilConfirmed:
    """Kept until it is confirmed, or the confirmation window closes."""

    within: str  # name of the parameter, such as DOI_TTL


@dataclass(frozen=True, slots=True)
class For:
    """Kept for a time after something happened."""

    time: timedelta
    after: str


@dataclass(frozen=True, slots=True)
class UntilDone:
    """Kept until the work is done that it exists for."""

    work: str


@dataclass(frozen=True, slots=True)
class WithSubject:
    """Kept as long as the relationship itself, for which another table says how long."""


@dataclass(frozen=True, slots=True)
class Forever:
    """Kept without end: allowed only where no column is personal."""

    why: str


Keep = UntilWithdrawn | UntilConfirmed | For | UntilDone | WithSubject | Forever


class Kind(StrEnum):
    """What a table is to erasure."""

    SLICE = "slice"  # hangs on subject, deleted with it
    ALIAS = "alias"  # what an open request is about: ended by the request's last step
    EPHEMERAL = "ephemeral"  # keyed HMACs for at most a day
    HELD = "held"  # moved aside with a ground and an end
    TIMED = "timed"  # personal and of nobody we could name: ends by its own time
    PLUMBING = "plumbing"  # no personal column
    AGGREGATE = "aggregate"  # counts without subjects
    STAFF = "staff"  # people who work here: no request is about them


@dataclass(frozen=True, slots=True)
class Delete:
    """Erasure deletes the row."""


@dataclass(frozen=True, slots=True)
class Anonymise:
    """Erasure counts the row in a table without subjects, by `keeping`, and deletes it.

    `into` is an aggregate table with the columns of `keeping`, unique together, and `count`. Cells
    below MIN_CELL are not given out: read them with `shared.inventory.read_counts` (R-EV-08).
    `method` says it in the record of processing.
    """

    into: str
    keeping: tuple[str, ...]
    method: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Values that a duty keeps beyond the end of a relationship (GDPR Art. 17(3); R-ACC-11).

    `keeps`: table -> columns that move to `held`. `reference` is a paragraph, such as `ao-147-3`.
    It binds nobody until `place_hold` writes it for a subject, with its end.
    """

    name: str
    ground: Ground
    reference: str
    keeps: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Table:
    """One table. `references` names other slice tables its foreign keys point to.

    `serves` names the registered purpose that the table is kept for (R-POL-06), whose legal basis
    is then the table's.
    """

    name: str
    purpose: str
    columns: Mapping[str, Column]
    keep: Keep
    basis: Basis | None = None
    kind: Kind = Kind.SLICE
    erasure: Delete | Anonymise = Delete()
    references: tuple[str, ...] = ()
    serves: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be meant. Raises ValueError with the name of the table."""
        roots = [name for name, column in self.columns.items() if isinstance(column, Root)]
        personal = [name for name, column in self.columns.items() if isinstance(column, Personal)]
        if (self.kind is Kind.SLICE) != (roots == [SUBJECT_ID]) and self.name != SUBJECT:
            message = f"{self.name}: a slice table has subject_id as its one Root, others none"
            raise ValueError(message)
        if self.kind in {Kind.PLUMBING, Kind.AGGREGATE} and personal:
            message = f"{self.name}: {personal} is personal: make it a slice table"
            raise ValueError(message)
        if personal and (self.basis is None or isinstance(self.keep, Forever)):
            message = f"{self.name}: personal columns need a legal basis and an end"
            raise ValueError(message)
        if self.serves is not None and purpose_named(self.serves).basis is not self.basis:
            message = f"{self.name}: it serves {self.serves}, which has another legal basis"
            raise ValueError(message)

    @property
    def personal(self) -> tuple[str, ...]:
        """Names of the personal columns."""
        return tuple(name for name, column in self.columns.items() if isinstance(column, Personal))
