"""A mailer in a process of its own, so that it can die: `python -m tests.newsletter.mailing`."""

import asyncio
import sys
from datetime import timedelta

from services.newsletter.mails import Mails
from services.newsletter.settings import SERVICE, NewsletterSettings
from shared.database import Database
from shared.mail import Mailer
from shared.settings import Settings
from tests.newsletter.site import SENDER, Gate


async def main(lease_s: float) -> None:
    """Send until killed."""
    settings = Settings.load()
    database = await Database.connect(settings, SERVICE, "app")
    post = Mails(settings.public_url, NewsletterSettings()).post(SENDER)
    await Mailer(database, post, ready=Gate(), lease=timedelta(seconds=lease_s)).run()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
