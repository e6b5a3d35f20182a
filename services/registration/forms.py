"""The forms of accounts: fields, wordings and paths, declared once."""

from typing import Final

from services.registration.rules import MAX_PASSWORD
from services.registration.settings import PROMOTION, SERVICE, USE, WORDINGS
from shared.slice import renewal_form
from shared.web import Declaration, Field, Form, Kind
from shared.web.account import ACCOUNT_COOKIE

BASE: Final = f"/{{lang}}/{SERVICE}"
ACCOUNT: Final = f"{BASE}/account"
GUARD: Final = ACCOUNT_COOKIE  # the account page's; ONLINEPLUS opens documents alone (R-CK-04)
ONE_CLICK: Final = "List-Unsubscribe"  # RFC 8058 section 3.2
BUTTON: Final = f"{SERVICE}/button.html"
OTHERS: Final = ("newsletter", "events", "contact", "website")  # slices a person may tick besides

EMAIL: Final = Field("email", Kind.EMAIL, mandatory=True, autocomplete="email", max_length=254)
USER_NAME: Final = Field(
    "email", Kind.EMAIL, mandatory=True, autocomplete="username", max_length=254
)
PASSWORD: Final = Field(
    "password",
    Kind.PASSWORD,
    mandatory=True,
    autocomplete="current-password",
    max_length=MAX_PASSWORD,
)
CHOSEN: Final = Field(
    "chosen", Kind.PASSWORD, mandatory=True, autocomplete="new-password", max_length=MAX_PASSWORD
)
DETAILS: Final = (
    Field("title", autocomplete="honorific-prefix"),
    Field("first_name", autocomplete="given-name"),
    Field("last_name", autocomplete="family-name"),
    Field("company", autocomplete="organization"),
    Field("department", autocomplete="off"),
    Field("street", autocomplete="street-address"),
    Field("postal_code", autocomplete="postal-code"),
    Field("city", autocomplete="address-level2"),
    Field("telephone", Kind.TELEPHONE, autocomplete="tel"),
)

SIGN_UP = Form(
    name="sign-up",
    service=SERVICE,
    action=f"{BASE}/sign-up",
    fields=(EMAIL, *DETAILS),
    declarations=(
        Declaration("use", WORDINGS[USE], purpose=USE, mandatory=True),
        Declaration("promotion", WORDINGS[PROMOTION], purpose=PROMOTION),
    ),
    template=f"{SERVICE}/sign_up.html",
)
RESEND = Form(
    name="resend",
    service=SERVICE,
    action=f"{BASE}/sent/{{token}}",
    template=f"{SERVICE}/sent.html",
    once=False,
)
# The password is chosen here and not with the sign-up: nobody can prepare an account for somebody
# else's address and wait in it with a password they know.
CONFIRM = Form(
    name="confirm",
    service=SERVICE,
    action=f"{BASE}/confirm/{{token}}",
    fields=(CHOSEN,),
    template=f"{SERVICE}/confirm.html",
    once=False,
)
REFUSE = Form(
    name="refuse",
    service=SERVICE,
    action=f"{BASE}/refuse/{{token}}",
    template=BUTTON,
    once=False,
)
SIGN_IN = Form(
    name="sign-in",
    service=SERVICE,
    action=f"{BASE}/sign-in",
    fields=(
        USER_NAME,
        PASSWORD,
        Field("this_session", Kind.TICK),
        Field("document", Kind.HIDDEN, max_length=60),
    ),
    template=f"{SERVICE}/sign_in.html",
    once=False,
)
SIGN_OUT = Form(
    name="sign-out", service=SERVICE, action=f"{BASE}/sign-out", template=BUTTON, once=False
)
RESET = Form(name="reset", service=SERVICE, action=f"{BASE}/reset", fields=(USER_NAME,))
NEW_PASSWORD = Form(
    name="new-password",
    service=SERVICE,
    action=f"{BASE}/reset/{{token}}",
    fields=(CHOSEN,),
    once=False,
)
STOP = Form(
    name="stop",
    service=SERVICE,
    action=f"{BASE}/stop/{{token}}",
    fields=(Field(ONE_CLICK, Kind.HIDDEN),),
    template=BUTTON,
    once=False,
)
NEW_ADDRESS = Form(
    name="new-address",
    service=SERVICE,
    action=f"{BASE}/address/{{token}}",
    template=BUTTON,
    once=False,
)


def _signed_in(
    name: str, path: str, *fields: Field, declarations: tuple[Declaration, ...] = ()
) -> Form:
    return Form(
        name=name,
        service=SERVICE,
        action=f"{ACCOUNT}/{path}",
        fields=fields,
        declarations=declarations,
        template=f"{SERVICE}/one.html",
        once=False,
        guard=GUARD,
    )


CHANGE = _signed_in("change", "details", *DETAILS)
CHANGE_ADDRESS = _signed_in("change-address", "address", EMAIL, PASSWORD)
CHANGE_PASSWORD = _signed_in("change-password", "password", PASSWORD, CHOSEN)
AGREE = _signed_in(
    "agree",
    "promotion",
    declarations=(
        Declaration("promotion", WORDINGS[PROMOTION], purpose=PROMOTION, mandatory=True, box=False),
    ),
)
DISAGREE = _signed_in("disagree", "promotion/end")
WITHDRAW = _signed_in("withdraw", "withdraw")
END_SIGN_IN = _signed_in(
    "end-sign-in", "sign-ins", Field("sign_in", Kind.HIDDEN, mandatory=True, max_length=36)
)
END = _signed_in("end", "end", PASSWORD, *(Field(name, Kind.TICK) for name in OTHERS))
RENEW = renewal_form(SERVICE, ACCOUNT, *SIGN_UP.declarations, guard=GUARD)

FORMS: Final = (
    SIGN_UP,
    RESEND,
    CONFIRM,
    REFUSE,
    SIGN_IN,
    SIGN_OUT,
    RESET,
    NEW_PASSWORD,
    STOP,
    NEW_ADDRESS,
    CHANGE,
    CHANGE_ADDRESS,
    CHANGE_PASSWORD,
    AGREE,
    DISAGREE,
    WITHDRAW,
    END_SIGN_IN,
    END,
    RENEW,
)
