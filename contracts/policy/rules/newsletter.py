"""§ 4 no. 3: newsletters."""

from typing import Final

from contracts.policy.model import Rule

NEWSLETTER: Final = (
    Rule(
        "R-NL-01",
        (110, 111, 112, 113),
        "",
        "newsletter",
        "Three fields, of which the names may be left out.",
    ),
    Rule(
        "R-NL-02", (115,), "", "newsletter", "A mail names no foreign host: no pixel, no redirect."
    ),
    Rule(
        "R-NL-03",
        (117,),
        "",
        "newsletter",
        "Nobody is subscribed before the mailed link was confirmed; looking at it changes nothing.",
    ),
    Rule(
        "R-NL-04",
        (117,),
        "",
        "newsletter",
        "What was not confirmed in time is deleted with everything that belongs to it.",
    ),
    Rule(
        "R-NL-05",
        (124,),
        "GDPR Art. 7(1)",
        "newsletter",
        "A consent keeps text hash, form, language, time and method, and no network address.",
    ),
    Rule(
        "R-NL-06",
        (124,),
        "RFC 8058",
        "newsletter",
        "Every issue can be stopped by a visible link and by the mail program's button.",
    ),
    Rule(
        "R-NL-07",
        (126,),
        "",
        "newsletter",
        "A sign-up that was not confirmed yet can be taken back too.",
    ),
    Rule(
        "R-NL-08",
        (129,),
        "",
        "newsletter",
        "Who leaves is deleted, not flagged; a running issue asks again before each mail.",
    ),
    Rule(
        "R-NL-09",
        (129,),
        "GDPR Art. 7(1), 17(3)(e)",
        "newsletter",
        "What stays as proof of a consent names nobody.",
    ),
)
