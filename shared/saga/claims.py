"""What a request is about, as its origin tells a participant (claim check).

On the topics a request is a random id. Its address stands in the database of the service where
it began, and is asked for over HTTP before a transaction opens.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.database import Transaction
from shared.saga.decisions import Answer


@dataclass(frozen=True, slots=True)
class Claim:
    """One resolved request: the exact addresses, or the subjects of this service, it names.

    `covered_until` is min(cut-off of the request, passage of this slice's barrier), UTC:
    a relationship whose `address_since` is later belongs to a stranger.
    """

    request_id: UUID
    covered_until: datetime
    addresses: tuple[str, ...] = ()
    subjects: tuple[UUID, ...] = ()


Find = Callable[[Transaction, Sequence[Claim], datetime], Awaitable[Mapping[UUID, set[UUID]]]]
"""A service's search: (transaction, claims, latest covered_until) -> request id -> subject ids.

One statement for the whole batch. Leaving out what began after the cut-off is not its task:
the participant compares `subject.address_since` with each claim itself.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """An origin's answer about one request id."""

    answer: Answer
    addresses: tuple[str, ...] = ()
    subjects: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was found out before a batch's transaction opened; stands at `tx.context`.

    `passed_at` is when the slice's barrier was passed, None if nothing was resolved.
    """

    passed_at: datetime | None = None
    told: Mapping[UUID, Told] = field(default_factory=dict)


LATER = Told(Answer.LATER)
