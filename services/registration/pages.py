"""Small things that several pages show."""

from datetime import timedelta


def hours_of(time: timedelta) -> int:
    """Give a length of time in whole hours, as pages and mails say it."""
    return round(time / timedelta(hours=1))


def minutes_of(time: timedelta) -> int:
    """Give a length of time in whole minutes."""
    return round(time / timedelta(minutes=1))
