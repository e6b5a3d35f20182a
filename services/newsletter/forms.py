"""The newsletter's forms: fields (R-NL-01), wordings and paths, declared once."""

from services.newsletter.settings import PURPOSE, SERVICE, WORDING
from shared.slice import renewal_form
from shared.web.forms import Declaration, Field, Form, Kind

BASE = f"/{{lang}}/{SERVICE}"
MAX_NAME = 200
ONE_CLICK = "List-Unsubscribe"  # RFC 8058 section 3.2: the one pair in the body of such a POST

_NAMES = (
    Field("first_name", autocomplete="given-name", max_length=MAX_NAME),
    Field("last_name", autocomplete="family-name", max_length=MAX_NAME),
)
# Pressing the button is the declaration (R-NL-05): its wording stands beside it.
_CONSENT = Declaration("consent", WORDING, purpose=PURPOSE, mandatory=True, box=False)

SUBSCRIBE = Form(
    name="subscribe",
    service=SERVICE,
    action=f"{BASE}/subscribe",
    fields=(Field("email", Kind.EMAIL, mandatory=True, autocomplete="email"), *_NAMES),
    declarations=(_CONSENT,),
    joined=True,
)
RESEND = Form(
    name="resend",
    service=SERVICE,
    action=f"{BASE}/sent/{{token}}",
    template=f"{SERVICE}/sent.html",
    once=False,
)
CONFIRM = Form(
    name="confirm",
    service=SERVICE,
    action=f"{BASE}/confirm/{{token}}",
    template=f"{SERVICE}/button.html",
    once=False,
)
UNSUBSCRIBE = Form(
    name="unsubscribe",
    service=SERVICE,
    action=f"{BASE}/unsubscribe/{{token}}",
    fields=(Field(ONE_CLICK, Kind.HIDDEN),),
    template=f"{SERVICE}/button.html",
    once=False,
)
PREFERENCES = Form(
    name="preferences",
    service=SERVICE,
    action=f"{BASE}/preferences/{{token}}",
    fields=(*_NAMES, Field("language", Kind.CHOICE, mandatory=True, choices=("de", "en"))),
    template=f"{SERVICE}/preferences.html",
    once=False,
)
RENEW = renewal_form(SERVICE, PREFERENCES.action, _CONSENT)
