"""What earlier attempts of a slice left behind: whoever erases again says all of it, not the rest.

A certificate rests on the latest receipt of each slice. So one that came later must name what is
still held, and everybody who was told, whichever attempt it was.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from contracts.fields import Held
from contracts.vocabulary import Ground
from shared.database import Transaction
from shared.inventory.holds import Kept, as_told


@dataclass(frozen=True, slots=True)
class Left:
    """What is held of one request, and which recipients were told."""

    held: tuple[Held, ...]
    recipients: frozenset[str]


async def left_of(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, Left]:
    """Give what all attempts of these requests left behind in this slice."""
    ids = list(requests)
    rows = await tx.fetch(
        """
        select request_id, ground, reference, until, count(*) as rows
          from held
         where request_id = any($1)
         group by request_id, ground, reference, until
        """,
        ids,
    )
    told = await tx.fetch(
        "select distinct request_id, recipient from telling where request_id = any($1)", ids
    )
    kept = [
        Kept(row["request_id"], Ground(row["ground"]), row["reference"], row["until"], row["rows"])
        for row in rows
    ]
    return {
        request: Left(
            as_told(one for one in kept if one.subject_id == request),
            frozenset(row["recipient"] for row in told if row["request_id"] == request),
        )
        for request in ids
    }
