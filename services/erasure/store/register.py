"""Versions of the register of participants."""

from dataclasses import dataclass
from datetime import datetime

from shared.database import Transaction


@dataclass(frozen=True, slots=True)
class Register:
    """One version: version 0 has nobody and was never published."""

    version: int
    participants: frozenset[str]


NONE = Register(0, frozenset())


async def latest(tx: Transaction) -> Register:
    """Return the highest version that is known here, or version 0 before the first."""
    row = await tx.fetchrow(
        """
        select version, participants
          from register
         order by version desc
         limit 1
        """
    )
    return NONE if row is None else Register(row["version"], frozenset(row["participants"]))


async def add_version(tx: Transaction, register: Register, published_at: datetime) -> bool:
    """Store a version once; False if it was known."""
    return bool(
        await tx.execute(
            """
            insert into register (version, participants, published_at)
            values ($1, $2, $3)
                on conflict (version) do nothing
            """,
            register.version,
            sorted(register.participants),
            published_at,
        )
    )
