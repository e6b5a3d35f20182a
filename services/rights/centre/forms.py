"""The forms of the privacy centre, declared once."""

from services.rights.settings import SERVICE
from shared.web import Field, Form, Kind

BASE = f"/{{lang}}/{SERVICE}"

ERASE = Form(
    name="erase",
    service=SERVICE,
    action=f"{BASE}/erase",
    fields=(Field("email", Kind.EMAIL, mandatory=True, autocomplete="email"),),
    template=f"{SERVICE}/erase.html",
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
    template=f"{SERVICE}/confirm.html",
    once=False,
)
