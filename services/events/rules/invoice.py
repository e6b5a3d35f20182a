"""Invoices of paid trainings: what they say, and until when a law keeps them."""

import re
from datetime import date, datetime
from typing import Final

from shared.clock import end_of_day
from shared.errors import Refused

KEPT_YEARS: Final = 8  # § 147(3) AO, § 14b(1) UStG: from the end of the year of issue
MAX_CENTS: Final = 100_000_000
_AMOUNT: Final = re.compile(r"(?P<euros>\d{1,7})(?:[.,](?P<cents>\d{2}))?")
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9/-]{0,39}")


class BadInvoice(Refused):
    """Write a number such as R-2027-0001 and an amount in euros such as 590.00."""

    status = 422
    problem = "bad-invoice"


def read_amount(text: str) -> int:
    """Read an amount in euros as cents. Raises BadInvoice."""
    match = _AMOUNT.fullmatch(text.strip())
    cents = int(match["euros"]) * 100 + int(match["cents"] or 0) if match else 0
    if not 0 < cents <= MAX_CENTS:
        raise BadInvoice
    return cents


def read_number(text: str) -> str:
    """Read an invoice's number. Raises BadInvoice."""
    if _NUMBER.fullmatch(text.strip()) is None:
        raise BadInvoice
    return text.strip()


def kept_until(issued_on: date) -> datetime:
    """Say until when an invoice is kept (UTC): to the end of the eighth year after its own."""
    return end_of_day(date(issued_on.year + KEPT_YEARS, 12, 31))
