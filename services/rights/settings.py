"""What an operator may set about requests; each limit belongs to a policy rule."""

from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field

from shared.settings import FromEnvironment

SERVICE: Final = "rights"
LEDGER: Final = "erasure"  # the service that certifies, asked at its internal address

CONFIRM: Final = "confirm"  # a purpose of tokens, and the kind of the mail that carries one
RESEND: Final = "resend"
STARTED: Final = "started"  # kinds of mails about a request that runs
CERTIFICATE: Final = "certificate"

UNCONFIRMED: Final = "unconfirmed"  # deadlines
OVERDUE: Final = "overdue"
FORGET: Final = "forget"

Days = Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=30))]
UpToAYear = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=366))]
Hours = Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(days=30))]


class RightsSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`; ISO 8601 durations or seconds (R-DL-01).

    `request_unconfirmed_ttl`: how long a mailed link waits for its click, 1 d to 30 d.
    `request_ttl`: how long the status of a closed request can be looked up, at most a year.
    `cert_mail_ttl`: how long mails about a request, the certificate's among them, are tried.
    """

    request_unconfirmed_ttl: Days = timedelta(days=7)
    request_ttl: UpToAYear = timedelta(days=30)
    cert_mail_ttl: Hours = timedelta(hours=72)


@lru_cache(maxsize=1)
def configured() -> RightsSettings:
    """Read the environment once in this process."""
    return RightsSettings.load()
