"""§§ 9 to 11: what a person can ask for, and security."""

from typing import Final

from contracts.policy.model import EVERYBODY, Rule

PERSON: Final = (
    Rule(
        "R-17-01",
        (288,),
        "GDPR Art. 17",
        "erasure",
        "Each slice answers with one outcome of its own; without a ground to keep, it deletes.",
    ),
    Rule(
        "R-18-01",
        (289,),
        "GDPR Art. 18",
        EVERYBODY,
        "What is restricted is stored and nothing else; the database refuses the rest.",
    ),
    Rule(
        "R-7-01",
        (291,),
        "GDPR Art. 7(3)",
        EVERYBODY,
        "A consent can be withdrawn any time, and what it allowed stops.",
    ),
    Rule(
        "R-77-01",
        (292,),
        "GDPR Art. 77",
        "rights",
        "Every answer names the authority of the company's seat and where all others are listed.",
    ),
    Rule(
        "R-DL-01",
        (),
        "GDPR Art. 12(3)",
        "rights",
        "An answer is due one calendar month after receipt, by the calendar of Berlin.",
    ),
    Rule(
        "R-SEC-01",
        (300,),
        "",
        EVERYBODY,
        "The measures are checked by the system itself, on a schedule, and leave evidence.",
    ),
    Rule(
        "R-SEC-02",
        (300,),
        "",
        EVERYBODY,
        "Mails hold no more of a person than the name, and do not travel openly where it counts.",
    ),
)
