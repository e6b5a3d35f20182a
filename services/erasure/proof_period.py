"""How long the evidence of a consent that ended is kept (R-NL-09)."""

from datetime import UTC, datetime, timedelta

from contracts.policy.model import YEAR
from shared.clock import BERLIN, berlin_day


def proof_ended_before(now: datetime, period: timedelta) -> datetime:
    """Say which ends of consents lie so far back that nobody needs their proof any more.

    The period runs to the end of its year, by the calendar of Berlin (Sections 195, 199 BGB); whole
    years of it are calendar years. A period of nothing is over at once.
    """
    if not period:
        return now
    years, rest = divmod(period, YEAR)
    begun = datetime(berlin_day(now).year - years, 1, 1, tzinfo=BERLIN)
    return begun.astimezone(UTC) - rest
