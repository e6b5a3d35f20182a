"""§ 4 no. 2: registration and account."""

from typing import Final

from contracts.policy.model import Rule

_OWNER: Final = "registration"

ACCOUNT: Final = (
    Rule(
        "R-ACC-01",
        tuple(range(79, 88)),
        "",
        _OWNER,
        "An account keeps ten fields and no other; its credential is kept apart from them.",
    ),
    Rule(
        "R-ACC-02",
        (77,),
        "",
        _OWNER,
        "What an account opens is decided by its state at that moment, not by a cookie.",
    ),
    Rule(
        "R-ACC-03",
        (77,),
        "",
        _OWNER,
        "A forgotten password is set anew by a link that works once and not for long; whether "
        "an address is known is not shown.",
    ),
    Rule(
        "R-ACC-04",
        tuple(range(92, 98)),
        "",
        _OWNER,
        "Two declarations, two boxes without a tick, two records; promotion is nobody's condition.",
    ),
    Rule(
        "R-ACC-05",
        (94, 97),
        "",
        _OWNER,
        "Which policy was shown is kept beside a consent and is never its legal basis.",
    ),
    Rule(
        "R-ACC-06",
        (77, 97),
        "",
        _OWNER,
        "Promotion goes to whom it is allowed at the moment of sending.",
    ),
    Rule(
        "R-ACC-07",
        (94, 97),
        "",
        _OWNER,
        "Taking back promotion leaves the account; taking back the account ends it.",
    ),
    Rule(
        "R-ACC-08",
        (100,),
        "",
        _OWNER,
        "The value before a change is gone everywhere within its time; only names of fields stay.",
    ),
    Rule(
        "R-ACC-09",
        (100, 103),
        "",
        _OWNER,
        "Ending an account asks for the password, ends every sign-in at once and offers the other "
        "slices without touching them.",
    ),
    Rule(
        "R-ACC-10",
        (103,),
        "GDPR Art. 16, 19",
        _OWNER,
        "A new address confirms first and the old one is told; open links end. A change is told to "
        "who holds a copy, by the fields' names.",
    ),
    Rule(
        "R-ACC-11",
        (105,),
        "GDPR Art. 17(3)",
        _OWNER,
        "What a contract or a law keeps is a set of fields with a ground and an end, and deletes "
        "itself then.",
    ),
    Rule(
        "R-ACC-12",
        (77, 92),
        "",
        _OWNER,
        "Before its address is confirmed an account can nothing, gets one link, and goes by "
        "itself.",
    ),
)
