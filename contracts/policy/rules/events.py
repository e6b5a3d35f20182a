"""§ 4 no. 4: webinars, events, trainings, surveys and reading material."""

from typing import Final

from contracts.policy.model import Rule

_OWNER: Final = "events"

EVENTS: Final = (
    Rule(
        "R-EV-01",
        (136,),
        "",
        _OWNER,
        "A registration is a copy of its own: it neither ends nor follows the account.",
    ),
    Rule(
        "R-EV-02",
        (136,),
        "",
        _OWNER,
        "An invitation's form works without an account, makes none, and its link names nobody.",
    ),
    Rule("R-EV-03", tuple(range(142, 151)), "", _OWNER, "The fields of an account and no other."),
    Rule(
        "R-EV-04",
        tuple(range(155, 163)),
        "",
        _OWNER,
        "Seat, survey and reading material are three declarations; each is given and taken alone.",
    ),
    Rule(
        "R-EV-05",
        (138, 140),
        "",
        _OWNER,
        "A survey is asked for after the gathering, of who agreed, and nothing depends on it.",
    ),
    Rule(
        "R-EV-06", (140,), "", _OWNER, "Answering without asking for reading material sends none."
    ),
    Rule(
        "R-EV-07",
        (138, 162),
        "",
        _OWNER,
        "Material follows the answers by the ways that were ticked; who posts it learns name and "
        "address alone.",
    ),
    Rule(
        "R-EV-08",
        (138,),
        "",
        _OWNER,
        "What stays of answers are counts that are large enough; free text never stays.",
    ),
    Rule(
        "R-EV-09",
        (165,),
        "",
        _OWNER,
        "From every state of a registration it is deleted in bounded time, by the clock alone.",
    ),
    Rule(
        "R-EV-10",
        (156,),
        "",
        _OWNER,
        "Taking back a registration frees the seat and deletes it at once.",
    ),
    Rule(
        "R-EV-11",
        (136,),
        "",
        _OWNER,
        "A seat waits for the mailed link and holds its place only so long.",
    ),
    Rule(
        "R-EV-12",
        (138,),
        "GDPR Art. 21(2)",
        _OWNER,
        "Survey invitations are advertising: they stop with every objection to it.",
    ),
)
