"""The website's forms; each works without scripts and without cookies (R-CK-07)."""

from services.website.rules.choices import COUNTRIES, LANGUAGES, OFFERED
from services.website.settings import SERVICE
from shared.web import Declaration, Field, Form, Kind

ROOT = "/{lang}/cookies"


def field_of(purpose: str) -> str:
    """Name the field of a purpose's box."""
    return purpose.replace(".", "_")


CHOICES = Form(
    "choices",
    service=SERVICE,
    action=ROOT,
    fields=(
        Field("by", Kind.HIDDEN, max_length=10),
        Field("back", Kind.HIDDEN, max_length=300),
    ),
    declarations=tuple(
        Declaration(field_of(purpose), wording=purpose, purpose=purpose) for purpose in OFFERED
    ),
    template="website/cookies.html",
    once=False,
)
SETTINGS = Form(
    "settings",
    service=SERVICE,
    action=f"{ROOT}/settings",
    fields=(
        Field("country", Kind.CHOICE, choices=COUNTRIES, autocomplete="country"),
        Field("language", Kind.CHOICE, choices=LANGUAGES, autocomplete="language"),
    ),
    once=False,
)
UNCOUNTED = Form(
    "counting",
    service=SERVICE,
    action=f"{ROOT}/counting",
    fields=(Field("objection", Kind.TICK),),
    template="website/counting.html",
    once=False,
)
GOOGLE_OFF = Form(
    "google",
    service=SERVICE,
    action=f"{ROOT}/google-analytics",
    template="website/google.html",
    once=False,
)
ERASE = Form(
    "erase", service=SERVICE, action=f"{ROOT}/erase", template="website/erase.html", once=False
)
FORMS = (CHOICES, SETTINGS, UNCOUNTED, GOOGLE_OFF, ERASE)
