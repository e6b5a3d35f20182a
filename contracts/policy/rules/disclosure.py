"""§§ 5 and 6: passing data on, and cookies."""

from typing import Final

from contracts.policy.model import EVERYBODY, Rule

DISCLOSURE: Final = (
    Rule(
        "R-3P-01",
        tuple(range(195, 201)),
        "GDPR Art. 6(1)",
        EVERYBODY,
        "Nothing is passed on but through one gate, which asks for recipient, purpose, categories "
        "and one proven basis.",
    ),
    Rule(
        "R-3P-02",
        (115, 179),
        "",
        EVERYBODY,
        "The gate answers no to newsletter and contact, whoever the recipient is.",
    ),
    Rule(
        "R-3P-03",
        (287, 288, 289),
        "GDPR Art. 19",
        EVERYBODY,
        "Each recipient who was told something is told when it ends, and the person can have the "
        "list of who was told and what they answered.",
    ),
)
COOKIES: Final = (
    Rule(
        "R-CK-01",
        (206,),
        "",
        "website",
        "Whatever a page stores in a browser or loads from elsewhere stands in a register.",
    ),
    Rule(
        "R-CK-02",
        (206,),
        "",
        "website",
        "Country and language are two values in one cookie that recognises nobody.",
    ),
    Rule(
        "R-CK-03",
        (206,),
        "Section 25 TDDDG",
        "website",
        "Nothing of others is in a page before it is allowed; taken back, it is unloaded, its "
        "cookies go, and the person learns which only they can delete.",
    ),
    Rule(
        "R-CK-04",
        (208,),
        "",
        "registration",
        "The cookie that opens documents is random, opens nothing else, lasts until signing out "
        "or its end, and dies on the server too.",
    ),
    Rule(
        "R-CK-05",
        (208,),
        "",
        "registration",
        "Signing in says how long it lasts and offers this session only.",
    ),
    Rule(
        "R-CK-06",
        (216,),
        "",
        "website",
        "What cookies brought is deleted when its purpose ends; the register has upper bounds.",
    ),
    Rule(
        "R-CK-07",
        (220,),
        "",
        "website",
        "Without any cookie all but signing in works, and that says why it does not.",
    ),
    Rule(
        "R-CK-08",
        (291,),
        "GDPR Art. 7(3)",
        "website",
        "Refusing is as near as accepting, changing one's mind as near as the first choice; a "
        "browser's signal counts as a refusal.",
    ),
)
