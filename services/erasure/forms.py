"""Two ways to one check of a certificate that somebody was handed; and one into the log."""

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
FIND_ENTRY: Final = Form(
    "log-entry",
    service=ERASURE_SERVICE,
    action=f"/{{lang}}/{ERASURE_SERVICE}/log/entry",
    fields=(Field("which", mandatory=True, max_length=40),),  # an id has 36 characters
    template=f"{ERASURE_SERVICE}/log_find.html",
    once=False,
)
