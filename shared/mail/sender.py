"""Who sends, from configuration: the same name below every mail as below every page."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.mail.message import Sender
from shared.settings import FromEnvironment
from shared.web.configuration import Controller, WebSettings

MAX_LEASE_S = 30.0


class MailSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`.

    `mail_from`: the address all mails come from; its domain signs (DKIM). `mail_lease_seconds`:
    how long one mail may be under way; erasing its subject waits that long at worst.
    """

    mail_from: str = "noreply@example.org"
    mail_lease_seconds: Annotated[float, Field(gt=0, le=MAX_LEASE_S)] = MAX_LEASE_S

    @property
    def lease(self) -> timedelta:
        """Give the lease as a length of time."""
        return timedelta(seconds=self.mail_lease_seconds)


def configured_sender() -> Sender:
    """Make the sender of this installation, with the details that business letters owe.

    Source: § 35a GmbHG and § 5 DDG as far as the controller's file has them (R-POL-04).
    """
    controller = WebSettings.load().read_controller()
    return Sender(
        name=controller.name,
        address=MailSettings.load().mail_from,
        imprint={
            "de": _imprint(controller, controller.country_de),
            "en": _imprint(controller, controller.country_en),
        },
    )


def _imprint(controller: Controller, country: str) -> str:
    place = f"{controller.name}, {controller.street}, {controller.city}, {country}"
    return f"{place}  \n{controller.telephone}, {controller.email}"
