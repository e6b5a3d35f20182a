"""Lines of the technical log that an incident needs: copied aside, with a ground and an end.

The time limit of the log itself never changes for it (R-LOG-09).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from contracts.identifiers import uuid7
from contracts.vocabulary import Ground
from services.website import store
from services.website.rules.addresses import read_address
from services.website.rules.visits import ITEMS
from shared.database import Transaction
from shared.errors import Refused

CASE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PAGE: Final = 10_000


class BadIncident(Refused):
    """An incident has a reference of a-z, 0-9 and -, a span of time, and an end in the future."""

    status = 422
    problem = "bad-incident"


@dataclass(frozen=True, slots=True)
class Incident:
    """Which lines are needed and why: `since` to `before` (UTC), of some addresses or of all."""

    case: str
    ground: Ground
    since: datetime
    before: datetime
    until: datetime
    addresses: tuple[str, ...] = ()


async def hold_lines(tx: Transaction, incident: Incident) -> int:
    """Copy an incident's lines to `held`; say how many. Raises BadIncident. Role `eraser`."""
    since, before, until = map(_utc, (incident.since, incident.before, incident.until))
    addresses = [read_address(one) for one in incident.addresses]
    if not CASE.fullmatch(incident.case) or since >= before or until <= tx.now or None in addresses:
        raise BadIncident
    found = await store.lines_of(tx, since, before, [one for one in addresses if one])
    await tx.executemany(
        """
        insert into held (hold_id, request_id, ground, reference, until, fields)
        values ($1, null, $2, $3, $4, $5)
        """,
        [
            (
                uuid7(),
                incident.ground,
                incident.case,
                until,
                {
                    "table": "access",
                    "row": {**dict(zip(ITEMS, one, strict=False)), "at": one.at.isoformat()},
                },
            )
            for one in found
        ],
    )
    return len(found)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
