"""When sign-ins end in this installation."""

from services.registration.rules import Ends
from services.registration.settings import configured
from shared.parameters import duration


def ends() -> Ends:
    """Put the policy's parameters and the account page's settings together."""
    return Ends(
        documents_idle=duration("ONLINEPLUS_MAX"),
        documents_max=duration("ONLINEPLUS_ABSOLUTE_MAX"),
        account_idle=configured().account_idle,
        account_max=configured().account_max,
    )
