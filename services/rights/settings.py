"""What an operator may set about requests; each limit belongs to a policy rule."""

from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field

from shared.settings import FromEnvironment

SERVICE: Final = "rights"

CONFIRM: Final = "confirm"  # a purpose of tokens, and the kind of the mail that carries one
RESEND: Final = "resend"

UNCONFIRMED: Final = "unconfirmed"  # a deadline

Days = Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=30))]


class RightsSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`; ISO 8601 durations or seconds (R-DL-01).

    `request_unconfirmed_ttl`: how long a mailed link waits for its click, 1 d to 30 d.
    """

    request_unconfirmed_ttl: Days = timedelta(days=7)


@lru_cache(maxsize=1)
def configured() -> RightsSettings:
    """Read the environment once in this process."""
    return RightsSettings.load()
