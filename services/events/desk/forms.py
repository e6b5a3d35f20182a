"""The organisers' forms; each carries a token of their session."""

from services.events.rules.gathering import MAX_PLACE_CHARS, MAX_TITLE_CHARS
from services.events.rules.gathering import Kind as GatheringKind
from services.events.settings import SERVICE
from shared.desk import desk_form
from shared.web import Field, Kind

MAX_DATES_CHARS = 3_000
_DATES = Field("dates", Kind.LONG_TEXT, mandatory=True, max_length=MAX_DATES_CHARS)

ENTER = desk_form(
    "enter",
    service=SERVICE,
    path="enter",
    fields=(
        Field(
            "kind", Kind.CHOICE, mandatory=True, choices=tuple(one.value for one in GatheringKind)
        ),
        Field("title_de", mandatory=True, max_length=MAX_TITLE_CHARS),
        Field("title_en", mandatory=True, max_length=MAX_TITLE_CHARS),
        Field("place", mandatory=True, max_length=MAX_PLACE_CHARS),
        Field("capacity", mandatory=True, max_length=6),
        _DATES,
        Field("listed", Kind.TICK),
    ),
)
MOVE = desk_form("move", service=SERVICE, path="gathering/{gathering}/move", fields=(_DATES,))
CALL_OFF = desk_form("call-off", service=SERVICE, path="gathering/{gathering}/cancel")
CONCLUDE = desk_form("conclude", service=SERVICE, path="gathering/{gathering}/conclude")
INVITE = desk_form(
    "invite",
    service=SERVICE,
    path="gathering/{gathering}/invite",
    template=f"{SERVICE}/desk/invite.html",
)
ATTENDANCE = desk_form(
    "attendance",
    service=SERVICE,
    path="gathering/{gathering}/attendance",
    template=f"{SERVICE}/desk/attendance.html",
    fields=(
        Field("seat", Kind.HIDDEN, mandatory=True),
        Field("attended", Kind.CHOICE, mandatory=True, choices=("yes", "no")),
    ),
)
DESK_FORMS = (ENTER, MOVE, CALL_OFF, CONCLUDE, INVITE, ATTENDANCE)
