"""The events slice's public forms: fields, wordings and paths, declared once."""

from services.events.rules.survey import MAX_REMARK_CHARS, QUESTIONS, REMARK
from services.events.settings import MATERIAL, REGISTRATION, SERVICE, SURVEY
from shared.slice import renewal_form
from shared.web import Declaration, Field, Form, Kind

BASE = f"/{{lang}}/{SERVICE}"
ONE_CLICK = "List-Unsubscribe"  # RFC 8058 section 3.2: the one pair in the body of such a POST

# The closed list of R-EV-03, and the ways that reading material may come.
_FIELDS = (
    Field("title", autocomplete="honorific-prefix", max_length=100),
    Field("first_name", mandatory=True, autocomplete="given-name"),
    Field("last_name", mandatory=True, autocomplete="family-name"),
    Field("email", Kind.EMAIL, mandatory=True, autocomplete="email", max_length=254),
    Field("company", autocomplete="organization"),
    Field("department", autocomplete="organization-title"),
    Field("street", autocomplete="street-address"),
    Field("postal_code", autocomplete="postal-code", max_length=20),
    Field("city", autocomplete="address-level2"),
    Field("telephone", Kind.TELEPHONE, autocomplete="tel", max_length=50),
    Field("by_email", Kind.TICK),
    Field("by_post", Kind.TICK),
)

# `gathering` is the id of a listed gathering, or the secret of an invitation (R-EV-02).
REGISTER = Form(
    name="register",
    service=SERVICE,
    action=f"{BASE}/register/{{gathering}}",
    fields=_FIELDS,
    declarations=(
        Declaration("registration", "event-registration", purpose=REGISTRATION, mandatory=True),
        Declaration("survey", "event-survey", purpose=SURVEY),
        Declaration("material", "event-material", purpose=MATERIAL),
    ),
    template=f"{SERVICE}/register.html",
)
RESEND = Form(
    name="resend",
    service=SERVICE,
    action=f"{BASE}/sent/{{token}}",
    template=f"{SERVICE}/sent.html",
    once=False,
)
SURVEY_FORM = Form(
    name="survey",
    service=SERVICE,
    action=f"{BASE}/survey/{{token}}",
    fields=(
        *(
            Field(question, Kind.CHOICE, mandatory=question == "overall", choices=answers)
            for question, answers in QUESTIONS.items()
        ),
        Field(REMARK, Kind.LONG_TEXT, max_length=MAX_REMARK_CHARS),
    ),
)


def _button(name: str, path: str, *fields: Field) -> Form:
    return Form(
        name=name,
        service=SERVICE,
        action=f"{BASE}/{path}",
        fields=fields,
        template=f"{SERVICE}/button.html",
        once=False,
    )


CONFIRM = _button("confirm", "confirm/{token}")
CANCEL = _button("cancel", "seat/{token}/cancel")
NO_SURVEY = _button("no-survey", "seat/{token}/no-survey", Field(ONE_CLICK, Kind.HIDDEN))
NO_MATERIAL = _button("no-material", "seat/{token}/no-material", Field(ONE_CLICK, Kind.HIDDEN))
STOP = _button("stop", "seat/{token}/stop")
RENEW = renewal_form(SERVICE, f"{BASE}/seat/{{token}}", *REGISTER.declarations)

FORMS = (REGISTER, RESEND, CONFIRM, SURVEY_FORM, CANCEL, NO_SURVEY, NO_MATERIAL, STOP, RENEW)
