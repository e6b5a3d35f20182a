"""The contact form (R-CT-01), what follows it, and the forms of the desk: declared once."""

from typing import Final

from services.contact.rules import MAX_LETTER, Duty
from services.contact.settings import PURPOSE, SERVICE, WORDING
from shared.desk import desk_form
from shared.slice import renewal_form
from shared.web.forms import Declaration, Field, Form, Kind

BASE: Final = f"/{{lang}}/{SERVICE}"
_LETTER: Final = Field("message", Kind.LONG_TEXT, mandatory=True, max_length=MAX_LETTER)

MESSAGE: Final = Form(
    "message",
    service=SERVICE,
    action=f"{BASE}/message",
    fields=(
        Field("email", Kind.EMAIL, mandatory=True, autocomplete="email", max_length=254),
        Field("company", autocomplete="organization"),
        Field("telephone", Kind.TELEPHONE, autocomplete="tel"),
        _LETTER,
        Field("sum", Kind.QUESTION, mandatory=True, max_length=3),
    ),
    # Pressing "Send" is the declaration (R-CT-02): its wording stands beside the button.
    declarations=(Declaration("consent", WORDING, purpose=PURPOSE, mandatory=True, box=False),),
    joined=True,
    template=f"{SERVICE}/message.html",
)
FOLLOW: Final = Form(
    "follow",
    service=SERVICE,
    action=f"{BASE}/case/{{token}}",
    fields=(_LETTER,),
    template=f"{SERVICE}/follow.html",
)
END: Final = Form(
    "end",
    service=SERVICE,
    action=f"{BASE}/case/{{token}}/end",
    once=False,
)
RENEW: Final = renewal_form(SERVICE, FOLLOW.action, *MESSAGE.declarations)
FORMS: Final = (MESSAGE, FOLLOW, END, RENEW)

ANSWER: Final = desk_form(
    "answer",
    service=SERVICE,
    path="case/{case}",
    fields=(Field("answer", Kind.LONG_TEXT, mandatory=True, max_length=MAX_LETTER),),
    template=f"{SERVICE}/desk/case.html",
)
CLOSE: Final = desk_form(
    "close",
    service=SERVICE,
    path="case/{case}/close",
    fields=(Field("duty", Kind.CHOICE, mandatory=True, choices=tuple(one.value for one in Duty)),),
)
DESK_FORMS: Final = (ANSWER, CLOSE)
