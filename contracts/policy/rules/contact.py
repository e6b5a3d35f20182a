"""§ 4 no. 5 and the page's foot: the contact form."""

from typing import Final

from contracts.policy.model import Rule

_OWNER: Final = "contact"

CONTACT: Final = (
    Rule(
        "R-CT-01",
        tuple(range(174, 178)),
        "",
        _OWNER,
        "An address, and company and telephone if given; the message is personal like them.",
    ),
    Rule(
        "R-CT-02",
        (172, 186),
        "",
        _OWNER,
        "The form shows the policy and the declaration; sending it is the consent.",
    ),
    Rule(
        "R-CT-03",
        (179,),
        "",
        _OWNER,
        "Nobody else takes part: the page and its question come from here alone.",
    ),
    Rule(
        "R-CT-04",
        (305,),
        "",
        _OWNER,
        "A sum that people can read and hear is asked once and for a short time; its answer is "
        "nowhere to be found, and it is not the only defence.",
    ),
    Rule(
        "R-CT-05",
        (307, 308, 309),
        "",
        _OWNER,
        "That a message arrived is said once it is stored; sending it twice makes one case.",
    ),
    Rule(
        "R-CT-06",
        (191,),
        "GDPR Art. 17(1)(a)",
        _OWNER,
        "A clarified case is deleted; silence clarifies in time; an open case never just goes.",
    ),
    Rule(
        "R-CT-07",
        (179,),
        "",
        _OWNER,
        "Where answers leave copies is known, with an end; what we cannot reach is said.",
    ),
    Rule("R-CT-08", (188,), "", _OWNER, "Taking back ends the case, answered or not."),
    Rule(
        "R-CT-09",
        tuple(range(302, 312)),
        "",
        "website",
        "Number and words of the page's foot are configuration, in each language.",
    ),
)
