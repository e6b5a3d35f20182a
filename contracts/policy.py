"""The rules that the system carries out, as data: id, lines of the policy, what must hold.

Ids are permanent; each test that proves one is marked `@pytest.mark.rule("R-NL-04")`. Parameters
are what the policy leaves open: a default, an allowed range, the rule they belong to. They stand
in every certificate. Only what is built is listed. Nothing here is legal advice.
"""

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: the policy's lines it comes from (none: a law's article), who must keep it."""

    id: str
    lines: tuple[int, ...]
    source: str
    owner: str
    holds: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A duration the policy leaves open, with the range an operator may choose from."""

    name: str
    default: timedelta
    least: timedelta
    most: timedelta
    rule: str

    def allows(self, value: timedelta) -> bool:
        """Say whether an operator may choose this value."""
        return self.least <= value <= self.most


_RULES = (
    Rule(
        "R-POL-01",
        (7,),
        "",
        "all",
        "A published wording never changes; a consent counts for the exact text it was given to.",
    ),
    Rule(
        "R-POL-03",
        (23,),
        "",
        "all",
        "A consent keeps the language; each language's text has a hash of its own.",
    ),
    Rule(
        "R-POL-04",
        tuple(range(13, 37)),
        "",
        "erasure",
        "Controller and officer are configuration and stand in every certificate.",
    ),
    Rule(
        "R-POL-05",
        (40,),
        "",
        "all",
        "A column is personal unless a reason says why not; so is any hash of an address.",
    ),
    Rule("R-POL-06", (40,), "GDPR Art. 6(1)", "all", "Each purpose has exactly one legal basis."),
    Rule(
        "R-POL-07",
        (40,),
        "",
        "all",
        "Data goes by itself when its purpose ends; a hold keeps aside what must stay, to an end.",
    ),
    Rule(
        "R-POL-08",
        (42, 44),
        "",
        "all",
        "Form, descriptor and accepted fields come from one declaration.",
    ),
    Rule(
        "R-POL-09",
        (44,),
        "",
        "all",
        "A field is marked mandatory exactly when its absence is refused; no other is stored.",
    ),
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
    Rule(
        "R-7-01",
        (291,),
        "GDPR Art. 7(3)",
        "all",
        "A consent can be withdrawn any time, and what it allowed stops.",
    ),
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
        "all",
        "What is restricted is stored and nothing else; the database refuses the rest.",
    ),
    Rule(
        "R-77-01",
        (292,),
        "GDPR Art. 77",
        "rights",
        "Every answer names the authority of the company's seat and where all others are listed.",
    ),
    Rule(
        "R-SEC-02",
        (300,),
        "",
        "all",
        "Mails hold no more of a person than the name, and do not travel openly where it counts.",
    ),
    Rule(
        "R-DL-01",
        (),
        "GDPR Art. 12(3)",
        "rights",
        "An answer is due one calendar month after receipt, by the calendar of Berlin.",
    ),
)
_PARAMETERS = (
    Parameter("DOI_TTL", timedelta(hours=48), timedelta(hours=1), timedelta(days=7), "R-NL-04"),
    Parameter(
        "DELETE_SLA", timedelta(hours=1), timedelta(minutes=1), timedelta(hours=24), "R-NL-08"
    ),
    Parameter(
        "WITHDRAW_SLA", timedelta(seconds=60), timedelta(seconds=1), timedelta(hours=1), "R-7-01"
    ),
    Parameter("CONSENT_PROOF_TTL", 3 * YEAR, timedelta(0), 5 * YEAR, "R-NL-09"),
    Parameter(
        "REQUEST_UNCONFIRMED_TTL",
        timedelta(days=7),
        timedelta(days=1),
        timedelta(days=30),
        "R-DL-01",
    ),
    Parameter("REQUEST_TTL", timedelta(days=30), timedelta(0), YEAR, "R-DL-01"),
    Parameter(
        "CERT_MAIL_TTL", timedelta(hours=72), timedelta(hours=1), timedelta(days=30), "R-17-01"
    ),
    Parameter("CLOCK_SKEW", timedelta(seconds=5), timedelta(0), timedelta(seconds=60), "R-17-01"),
    Parameter("BACKUP_HORIZON", timedelta(days=30), timedelta(0), YEAR, "R-17-01"),
)
RULES = MappingProxyType({rule.id: rule for rule in _RULES})
PARAMETERS = MappingProxyType({parameter.name: parameter for parameter in _PARAMETERS})
