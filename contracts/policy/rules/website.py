"""§ 4 no. 1 and § 8: what the website's log keeps, and links that lead elsewhere."""

from typing import Final

from contracts.policy.model import Rule

WEBSITE: Final = (
    Rule(
        "R-LOG-01",
        tuple(range(51, 63)),
        "",
        "website",
        "A log line keeps ten things and no other, whatever a browser sends.",
    ),
    Rule(
        "R-LOG-02",
        (53, 54, 60),
        "",
        "website",
        "Country and provider are found out here, offline; what serves analysis has a cut address.",
    ),
    Rule(
        "R-LOG-03",
        (56, 57, 58),
        "",
        "website",
        "Addresses lose query and fragment before anything is written, but for a search engine's "
        "term; our own routes are logged as templates.",
    ),
    Rule(
        "R-LOG-04",
        (62,),
        "",
        "website",
        "Downloads are counted by file; whose they were is known through a visitor's link alone.",
    ),
    Rule(
        "R-LOG-05",
        (64,),
        "",
        "website",
        "Running the site, counting without visitors and recognising visitors are three purposes; "
        "the last needs a consent.",
    ),
    Rule(
        "R-LOG-06",
        (64,),
        "",
        "website",
        "What ties a visitor to a person is a row of its own that goes with either, for good.",
    ),
    Rule(
        "R-LOG-07",
        (70,),
        "",
        "website",
        "Technical log lines go at their age, by dropping whole days.",
    ),
    Rule(
        "R-LOG-08",
        (70, 296),
        "GDPR Art. 21",
        "website",
        "An objection ends analysis and its link and leaves the technical log, and says so.",
    ),
    Rule(
        "R-LOG-09",
        (70,),
        "",
        "website",
        "Lines that an incident needs are copied to a hold; nothing else stays longer for it.",
    ),
    Rule(
        "R-LNK-01",
        (280,),
        "",
        "website",
        "A link that leaves the site goes straight to its target, adds nothing and can be seen.",
    ),
)
