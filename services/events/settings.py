"""The events slice's own words: purposes, mails, links, deadlines; and the limits it goes by."""

from datetime import timedelta
from typing import Final

SERVICE: Final = "events"

# The three declarations, each a purpose of its own (R-EV-04).
REGISTRATION: Final = "event.registration"
SURVEY: Final = "event.survey"
MATERIAL: Final = "event.material"
CONTRACT: Final = "event.contract"  # what a paid training owes and is owed

# Mails, by kind and template.
CONFIRM: Final = "confirm"
BOOKED: Final = "booked"
WAITING: Final = "waiting"
MOVED_UP: Final = "moved-up"
MOVED: Final = "moved"
CANCELLED: Final = "cancelled"
CHANGED: Final = "changed"  # in the account, not here
ASK: Final = "ask"
READ: Final = "read"

# What a mailed link opens.
CONFIRM_LINK: Final = "confirm"
RESEND_LINK: Final = "resend"
SEAT_LINK: Final = "seat"
SURVEY_LINK: Final = "survey"

# Deadlines.
END: Final = "end"  # of a seat's data, from the first moment on
SEAT_HOLD: Final = "seat-hold"
MOVE_UP: Final = "move-up"
CONCLUDE: Final = "conclude"
TOTALS: Final = "totals"

DELETE_WITHIN: Final = timedelta(hours=24)  # of the trigger (R-EV-09)
LINK_LIFE: Final = timedelta(days=400)  # of the links to one's own seat, beyond its end
MAIL_GIVE_UP: Final = timedelta(hours=72)
MAX_SHOWN: Final = 200  # gatherings on one page
