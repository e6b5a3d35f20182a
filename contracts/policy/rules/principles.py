"""Preamble and §§ 1 to 3: what holds for everything."""

from typing import Final

from contracts.policy.model import EVERYBODY, Rule

PRINCIPLES: Final = (
    Rule(
        "R-POL-01",
        (7,),
        "",
        EVERYBODY,
        "A published wording never changes; a consent counts for the exact text it was given to, "
        "and not for sending once the text changed materially, until it is renewed.",
    ),
    Rule(
        "R-POL-02",
        (9,),
        "",
        "website",
        "The policy can be read, saved and printed without cookie, tracker or script; every old "
        "version keeps its address.",
    ),
    Rule(
        "R-POL-03",
        (23,),
        "",
        EVERYBODY,
        "A consent keeps language and host; each language's text has a hash of its own.",
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
        EVERYBODY,
        "A column is personal unless a reason says why not; so is any hash of an address.",
    ),
    Rule(
        "R-POL-06",
        (40,),
        "GDPR Art. 6(1)",
        EVERYBODY,
        "Each purpose has exactly one legal basis; what names no registered purpose is refused.",
    ),
    Rule(
        "R-POL-07",
        (40,),
        "",
        EVERYBODY,
        "Data goes by itself when its purpose ends; a hold keeps aside what must stay, to an end.",
    ),
    Rule(
        "R-POL-08",
        (42, 44),
        "",
        EVERYBODY,
        "Form, descriptor and accepted fields come from one declaration.",
    ),
    Rule(
        "R-POL-09",
        (44,),
        "",
        EVERYBODY,
        "A field is marked mandatory exactly when its absence is refused; no other is stored.",
    ),
)
