"""The installation's checks of itself: each leaves a row, whether it passed or not (R-SEC-01)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from contracts.messages import uuid7
from shared.database import Transaction

SCRUB: Final = "scrub"
RESTORE_DRILL: Final = "restore-drill"
CANARY: Final = "canary"
REPLAY: Final = "replay"
OVERDUE: Final = "overdue"
NAMES: Final = (OVERDUE, REPLAY, CANARY, SCRUB, RESTORE_DRILL)
LATENESS: Final = timedelta(hours=2)  # how much later than its interval a check may end
CANARY_DAYS: Final = 31  # a canary that passed longer ago says nothing of today


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `found` are counts and words of ours, never anything of a person."""

    name: str
    began_at: datetime
    ended_at: datetime
    passed: bool
    found: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Last:
    """How a check went the last time, and when it last passed."""

    name: str
    ended_at: datetime
    passed: bool
    passed_at: datetime | None
    found: Mapping[str, Any]


async def note(tx: Transaction, check: Check) -> None:
    """Keep the evidence of one check."""
    await tx.execute(
        """
        insert into self_check (check_id, name, began_at, ended_at, passed, found)
        values ($1, $2, $3, $4, $5, $6)
        """,
        uuid7(),
        check.name,
        check.began_at,
        check.ended_at,
        check.passed,
        dict(check.found),
    )


async def latest(tx: Transaction) -> dict[str, Last]:
    """Give each check's last time, by name."""
    rows = await tx.fetch(
        """
        select distinct on (name) name, ended_at, passed, found,
               (select max(p.ended_at) from self_check p where p.passed and p.name = c.name)
                   as passed_at
          from self_check c
         order by name, ended_at desc
        """
    )
    return {row["name"]: Last(**row) for row in rows}


async def scrubbed_by_schedule(tx: Transaction, interval: timedelta) -> bool:
    """Say whether a scrub every `interval` is kept up: only then may a date be promised."""
    if not interval:
        return False
    ended = await tx.fetchval(
        "select max(ended_at) from self_check where passed and name = $1", SCRUB
    )
    return ended is not None and tx.now - ended <= interval + LATENESS


async def canary_day(tx: Transaction) -> date | None:
    """Say on which day (UTC) the canary passed last, if a certificate of now may name it."""
    ended: datetime | None = await tx.fetchval(
        "select max(ended_at) from self_check where passed and name = $1", CANARY
    )
    found = None if ended is None else ended.astimezone(UTC).date()
    return found if found in canary_days(tx.now) else None


def canary_days(now: datetime) -> list[date]:
    """List the days that a certificate of now may name, the latest first."""
    today = now.astimezone(UTC).date()
    return [today - timedelta(days=back) for back in range(CANARY_DAYS)]


def gauges(found: Mapping[str, Last]) -> list[str]:
    """Write when each check last passed and whether the last one did, as Prometheus reads them."""
    lines = ["# TYPE expunge_check_last_success_timestamp_seconds gauge\n"]
    for one in found.values():
        at = one.passed_at.timestamp() if one.passed_at else 0
        lines.append(f'expunge_check_last_success_timestamp_seconds{{check="{one.name}"}} {at}\n')
    lines.append("# TYPE expunge_check_passed gauge\n")
    lines += [
        f'expunge_check_passed{{check="{one.name}"}} {int(one.passed)}\n' for one in found.values()
    ]
    return lines
