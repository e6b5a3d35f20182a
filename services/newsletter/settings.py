"""What an operator may set about the newsletter; each limit belongs to a policy rule."""

from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field

from shared.settings import FromEnvironment

SERVICE: Final = "newsletter"
PURPOSE: Final = "newsletter.send"
WORDING: Final = "newsletter"

CONFIRM: Final = "confirm"
WELCOME: Final = "welcome"
ISSUE: Final = "issue"
UNCONFIRMED: Final = "unconfirmed"  # the deadline of a sign-up
WITHDRAWN: Final = "withdrawn"  # deadlines at once: the web ends, the worker deletes
REPLACED: Final = "replaced"

UNSUBSCRIBE: Final = "unsubscribe"
PREFERENCES: Final = "preferences"
RESEND: Final = "resend"

LINK_LIFE: Final = timedelta(days=400)  # of the links in welcome mails and issues
WELCOME_GIVE_UP: Final = timedelta(hours=72)
ISSUE_GIVE_UP: Final = timedelta(hours=72)

ConfirmationWindow = Annotated[timedelta, Field(ge=timedelta(hours=1), le=timedelta(days=7))]


class NewsletterSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`.

    `doi_ttl` (R-NL-04): how long a mailed confirmation link lives, 1 h to 7 d, as ISO 8601
    duration or seconds.
    """

    doi_ttl: ConfirmationWindow = timedelta(hours=48)


@lru_cache(maxsize=1)
def configured() -> NewsletterSettings:
    """Read the environment once in this process."""
    return NewsletterSettings.load()
