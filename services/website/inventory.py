"""What the website holds: every table and column, why, how long."""

from datetime import timedelta
from typing import Final

from services.website.settings import SERVICE
from shared.inventory import (
    Basis,
    For,
    Forever,
    Inventory,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Source,
    Table,
    UntilWithdrawn,
    WithSubject,
)
from shared.inventory.model import Column

_TIME = NotPersonal("when something happened; says nothing without the row beside it")


def _device(what: str) -> Personal:
    return Personal(what, Source.DEVICE)


# The items that the technical log and a visitor's log have in common (R-LOG-01).
_ITEMS: Final[dict[str, Column]] = {
    "at": _TIME,
    "milliseconds": NotPersonal("how long the answer took"),
    "country": _device("country of the network, looked up here"),
    "provider": _device("access provider, looked up here"),
    "url": _device("path of the page or file, without query and secrets"),
    "referrer": _device("page that led here, without query and secrets"),
    "term": _device("what was searched for, if a known search engine led here"),
    "browser": _device("name and main version of the browser"),
    "system": _device("name and main version of the operating system"),
    "page": NotPersonal("whether it was a page"),
    "download": NotPersonal("whether it was a file to keep"),
}

ACCESS = Table(
    name="access",
    serves="web.technical",
    purpose="show the site and keep it safe",
    basis=Basis.LEGITIMATE_INTEREST,
    keep=For(timedelta(days=7), after="the access"),
    kind=Kind.TIMED,
    columns={**_ITEMS, "address": _device("network address of the computer")},
)
TOTAL = Table(
    name="total",
    serves="web.aggregate",
    purpose="count pages and downloads, without visitors",
    basis=Basis.LEGITIMATE_INTEREST,
    keep=Forever("sums of a day, without visitors"),
    kind=Kind.AGGREGATE,
    columns={
        "day": _TIME,
        "kind": NotPersonal("what is counted, one of seven words"),
        "value": NotPersonal("a page, file, host, country, provider, browser or system: cleaned"),
        "count": NotPersonal("how often"),
    },
)
SOURCE = Table(
    name="source",
    purpose="read no line of a log twice",
    keep=Forever("one row a file of the operator's"),
    kind=Kind.PLUMBING,
    columns={
        "name": NotPersonal("the name of a log file"),
        "file": NotPersonal("which file it is"),
        "position": NotPersonal("how many bytes were read"),
        "read_at": _TIME,
    },
)
GRANTED = Table(
    name="granted",
    purpose="do what a browser's visitor agreed to, and nothing else",
    basis=Basis.CONSENT,
    keep=UntilWithdrawn(),
    columns={
        "subject_id": Root(),
        "key_sha256": _device("digest of the purpose and the random key in the browser's cookie"),
        "purpose": NotPersonal("one of the purposes of the register"),
        "method": NotPersonal("banner or settings"),
        "host": NotPersonal("which of our hosts asked"),
        "seen": NotPersonal("whether the key came back once"),
        "ended_at": NotPersonal("when it was taken back; the row is deleted within the hour"),
    },
)
VISIT = Table(
    name="visit",
    serves="web.analytics",
    purpose="know a visitor again and see how the site is used",
    basis=Basis.CONSENT,
    keep=WithSubject(),
    columns={
        **_ITEMS,
        "subject_id": Root(),
        "network": _device("network address, cut to 24 or 48 bits"),
    },
)
VISITOR_LINK = Table(
    name="visitor_link",
    serves="web.analytics",
    purpose="assign visits to an account, as its holder agreed",
    basis=Basis.CONSENT,
    keep=WithSubject(),
    columns={
        "subject_id": Root(),
        "account_id": Personal(
            "random id of the account that signed in; blank once that is gone", Source.SERVICE
        ),
        "request_id": Personal(
            "random id of the request that ended the account, until it is certified",
            Source.SERVICE,
        ),
        "purpose": NotPersonal("one of two purposes of the register"),
        "linked_at": _TIME,
    },
)
INVENTORY = Inventory(SERVICE, (ACCESS, TOTAL, SOURCE, GRANTED, VISIT, VISITOR_LINK))
