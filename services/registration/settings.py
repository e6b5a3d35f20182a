"""What an operator may set about accounts; each limit belongs to a policy rule."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from shared.settings import FromEnvironment

SERVICE: Final = "registration"
LEDGER: Final = "erasure"  # where a certificate can be looked at
USE: Final = "account.use"  # declaration A (R-ACC-04)
PROMOTION: Final = "account.promo_email"  # declaration B
WORDINGS: Final = {USE: "account", PROMOTION: "promotion"}

# Kinds of mails.
CONFIRM: Final = "confirm"
ALREADY: Final = "already"  # in place of it, where the address has an account
WELCOME: Final = "welcome"
RESET: Final = "reset"
NEW_PASSWORD: Final = "new-password"  # noqa: S105  # a mail that says that it was changed
NEW_ADDRESS: Final = "new-address"
MOVED: Final = "moved"
ISSUE: Final = "issue"
STARTED: Final = "started"
CERTIFICATE: Final = "certificate"

# What tokens are for, beside CONFIRM, RESET and NEW_ADDRESS.
RESEND: Final = "resend"
REFUSE: Final = "refuse"  # deletes a sign-up that its mailbox did not want
STOP: Final = "stop"  # ends the promotion mails, from each of them

# Deadlines; the last two are due at once: the web ends, the worker deletes.
UNCONFIRMED: Final = "unconfirmed"
WISH_OVER: Final = "wish-over"
REPLACED: Final = "replaced"
SIGNED_OUT: Final = "signed-out"
OVERDUE: Final = "overdue"
FORGET_REQUEST: Final = "forget-request"
WITHDRAWN: Final = "withdrawn"

LINK_LIFE: Final = timedelta(days=400)  # of the link in promotion mails
GIVE_UP: Final = timedelta(hours=72)  # of mails that are late but still of use
LOOKED: Final = timedelta(minutes=1)  # how finely a session's last use is written down

Hours = Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(hours=24))]


class RegistrationSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings` and the policy's parameters.

    `onlineplus_domain` (R-CK-04): the Domain of the cookie for documents, empty for this host
    alone. `account_idle`, `account_max`: when a sign-in stops opening the account page, after the
    last use and in all. `policy` (R-ACC-05): the folder of the policy that the website shows.
    """

    onlineplus_domain: str = ""
    account_idle: Hours = timedelta(minutes=30)
    account_max: Hours = timedelta(hours=12)
    policy: Path = Path(__file__).parents[1] / "website" / "policy"


@lru_cache(maxsize=1)
def configured() -> RegistrationSettings:
    """Read the environment once in this process."""
    return RegistrationSettings.load()
