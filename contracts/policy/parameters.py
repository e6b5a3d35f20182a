"""What the policy leaves open: a default and the range an operator may choose from."""

from datetime import timedelta
from typing import Final

from contracts.policy.model import YEAR, Limit, Parameter


def _hours(name: str, default: float, least: float, most: float, rule: str, /) -> Parameter:
    hour = timedelta(hours=1)
    return Parameter(name, default * hour, least * hour, most * hour, rule)


def _days(name: str, default: int, least: int, most: int, rule: str, /) -> Parameter:
    day = timedelta(days=1)
    return Parameter(name, default * day, least * day, most * day, rule)


def _minutes(name: str, default: float, least: float, most: float, rule: str, /) -> Parameter:
    minute = timedelta(minutes=1)
    return Parameter(name, default * minute, least * minute, most * minute, rule)


DURATIONS: Final = (
    _hours("DOI_TTL", 48, 1, 7 * 24, "R-NL-04"),
    _hours("DELETE_SLA", 24, 1 / 60, 24, "R-POL-07"),
    _hours("NEWSLETTER_DELETE_SLA", 1, 1 / 60, 24, "R-NL-08"),
    _minutes("WITHDRAW_SLA", 1, 1 / 60, 60, "R-7-01"),
    Parameter("CONSENT_PROOF_TTL", 3 * YEAR, timedelta(0), 5 * YEAR, "R-NL-09"),
    _hours("CHANGE_ERASE_SLA", 24, 1, 72, "R-ACC-08"),  # the address before is told in that time
    _hours("SCRUB_INTERVAL", 24, 0, 30 * 24, "R-ACC-08"),  # 0: no scrub, and no date is promised
    _minutes("RESET_TTL", 60, 5, 60, "R-ACC-03"),
    _days("ONLINEPLUS_MAX", 180, 1, 365, "R-CK-04"),
    _days("ONLINEPLUS_ABSOLUTE_MAX", 365, 1, 365, "R-CK-04"),
    _minutes("SEAT_HOLD", 30, 5, 48 * 60, "R-EV-11"),
    _hours("CONCLUDE_WITHIN", 24, 0, 72, "R-EV-09"),
    _days("SURVEY_WINDOW", 14, 1, 60, "R-EV-09"),
    _days("MATERIAL_MAX", 30, 1, 90, "R-EV-09"),
    _minutes("CAPTCHA_TTL", 15, 1, 60, "R-CT-04"),
    _days("CLARIFY_WINDOW", 30, 7, 90, "R-CT-06"),
    _days("LOG_TTL_TECHNICAL", 7, 1, 30, "R-LOG-07"),
    _days("REQUEST_UNCONFIRMED_TTL", 7, 1, 30, "R-DL-01"),
    _days("REQUEST_TTL", 30, 0, 365, "R-DL-01"),
    _hours("CERT_MAIL_TTL", 72, 1, 30 * 24, "R-17-01"),
    Parameter("CLOCK_SKEW", timedelta(seconds=5), timedelta(0), timedelta(seconds=60), "R-17-01"),
    _days("BACKUP_HORIZON", 30, 0, 365, "R-17-01"),
)
COUNTS: Final = (Limit("MIN_CELL", 5, 3, 50, "R-EV-08"),)
