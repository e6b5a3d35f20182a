"""What an operator may set about the contact form, and the words the slice uses for itself."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from shared.settings import FromEnvironment

FOLDER: Final = Path(__file__).parent
SERVICE: Final = "contact"
PURPOSE: Final = "contact.reply"
WORDING: Final = "contact"
REFERENCE: Final = "CT"

RECEIVED: Final = "received"  # mails
REPLY: Final = "reply"

SILENT: Final = "silent"  # endings: nobody wrote after our answer
CLARIFIED: Final = "clarified"
WITHDRAWN: Final = "withdrawn"
LATE: Final = "late"  # a deadline that deletes nothing: a case waits too long

SENT_LINK: Final = "sent"
CASE_LINK: Final = "case"

LINK_LIFE: Final = timedelta(days=400)
RECEIVED_GIVE_UP: Final = timedelta(hours=72)
REPLY_GIVE_UP: Final = timedelta(hours=72)
REMIND_AGAIN: Final = timedelta(days=1)

AnswerWithin = Annotated[timedelta, Field(ge=timedelta(hours=1), le=timedelta(days=30))]


class ContactSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`.

    `answer_within`: after this an open case counts as overdue; it never ends by itself (R-CT-06).
    """

    answer_within: AnswerWithin = timedelta(days=14)


@lru_cache(maxsize=1)
def configured() -> ContactSettings:
    """Read the environment once in this process."""
    return ContactSettings.load()
