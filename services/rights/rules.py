"""What rights decides without I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A request that waits for its click."""

    address: str
    language: str
    received_at: datetime


def days_of(time: timedelta) -> int:
    """Give a length of time in whole days, as pages and mails say it."""
    return round(time / timedelta(days=1))
