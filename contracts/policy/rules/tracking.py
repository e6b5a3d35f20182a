"""§ 7: tracking and analysis by others."""

from typing import Final

from contracts.policy.model import Rule

_OWNER: Final = "website"

TRACKING: Final = (
    Rule(
        "R-TR-00",
        (226,),
        "Section 25 TDDDG",
        _OWNER,
        "A tracker runs after a grant for it alone, and only where its transfer has a basis.",
    ),
    Rule(
        "R-TR-01",
        (288,),
        "GDPR Art. 11, 17",
        _OWNER,
        "Who has no address with us can have this browser erased; where nobody can be told apart "
        "the answer says so.",
    ),
    Rule(
        "R-GA-01",
        (244,),
        "",
        _OWNER,
        "Addresses are masked: the last octet, or the last eighty bits; the page carries the flag.",
    ),
    Rule(
        "R-GA-02",
        (238, 240, 241, 242),
        "",
        _OWNER,
        "The opt-out works for this browser and host, before anything is loaded, again and again.",
    ),
    Rule(
        "R-GA-03",
        (232, 233, 234),
        "GDPR Art. 17",
        _OWNER,
        "The provider is asked to delete once its script has stopped; what it answered is kept.",
    ),
    Rule(
        "R-WM-01",
        (248, 249, 250),
        "",
        _OWNER,
        "The pixel carries no account, address or entry; joining it to a person needs its own "
        "grant.",
    ),
    Rule("R-EL-01", (254,), "", _OWNER, "Its script follows a grant and one session's pages."),
    Rule(
        "R-EL-02",
        (256,),
        "",
        _OWNER,
        "No form's entries reach it, whatever was granted, so nobody is asked to join them.",
    ),
    Rule(
        "R-EL-03",
        (260,),
        "",
        _OWNER,
        "Taking back leads to the opt-out that removes the visitor's id there, beyond our reach, "
        "so that coming back begins anew.",
    ),
    Rule(
        "R-EL-04",
        (64, 258),
        "GDPR Art. 21(2)",
        _OWNER,
        "Contents by behaviour need a grant of their own that every objection to advertising ends.",
    ),
    Rule(
        "R-HJ-01",
        (264,),
        "",
        _OWNER,
        "What is typed never leaves in a recording; what its deletion does not reach is said.",
    ),
    Rule(
        "R-SL-01",
        (270,),
        "",
        _OWNER,
        "It wakes on a click in its mail and a grant together, on neither alone.",
    ),
    Rule(
        "R-CL-01",
        (274,),
        "",
        _OWNER,
        "Analysis and advertising are two switches, off until each is granted.",
    ),
)
