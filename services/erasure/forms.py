"""Two ways to one check: somebody was handed a certificate and wants to know."""

from typing import Final

from contracts.topics import ERASURE_SERVICE
from shared.web import Field, Form, Kind

MAX_BUNDLE_CHARACTERS: Final = 60_000  # what fits into a posted form of 64 kB

VERIFY: Final = Form(
    "verify",
    service=ERASURE_SERVICE,
    action=f"/{{lang}}/{ERASURE_SERVICE}/verify",
    fields=(Field("bundle", Kind.LONG_TEXT, mandatory=True, max_length=MAX_BUNDLE_CHARACTERS),),
    template=f"{ERASURE_SERVICE}/verify.html",
    once=False,
)
VERIFY_FILE: Final = Form(
    "verify-file",
    service=ERASURE_SERVICE,
    action=f"/{{lang}}/{ERASURE_SERVICE}/verify/file",
    fields=(Field("bundle", Kind.FILE, mandatory=True, max_length=MAX_BUNDLE_CHARACTERS),),
    template=f"{ERASURE_SERVICE}/verify.html",
    once=False,
)
