"""What an origin's and a verifier's own tables hold, for the inventories."""

from typing import Final

from shared.inventory import Basis, Forever, Kind, NotPersonal, Personal, Source, Table, UntilDone

_REQUEST = NotPersonal("a random id; who it is about stands in alias alone")
_TIME = NotPersonal("when something happened; says nothing about whom")
_SERVICE = NotPersonal("a service's name")
_COUNT = NotPersonal("a count")
_DIGEST = NotPersonal("a digest of bytes that are not personal")
_KEPT: Final = UntilDone("REQUEST_TTL after the request was closed")

REQUEST = Table(
    name="request",
    purpose="carry out a request and show how far it is",
    kind=Kind.PLUMBING,
    keep=_KEPT,
    columns={
        "request_id": _REQUEST,
        "scope": _SERVICE,
        "participants": _SERVICE,
        "extended": _SERVICE,
        "register_version": _COUNT,
        "language": NotPersonal("de or en, chosen by the form's path"),
        "received_at": _TIME,
        "cutoff": _TIME,
        "due_at": _TIME,
        "statement": NotPersonal("our own signed message: ids and times"),
        "certified_at": _TIME,
        "certificate_sha256": _DIGEST,
        "mails_settled_at": _TIME,
        "destroyed_at": _TIME,
        "overdue_at": _TIME,
    },
)
SLICE_ANSWER = Table(
    name="slice_answer",
    purpose="know which slices have answered and were verified",
    kind=Kind.PLUMBING,
    keep=_KEPT,
    columns={
        "request_id": _REQUEST,
        "service": _SERVICE,
        "attempt": _COUNT,
        "receipt_sha256": _DIGEST,
        "outcome": NotPersonal("a word of our vocabulary"),
        "answered_at": _TIME,
        "remaining": _COUNT,
        "verified_at": _TIME,
    },
)
NONCE = Table(
    name="nonce",
    purpose="let the person, and nobody else, show that a certificate is theirs",
    kind=Kind.ALIAS,
    basis=Basis.LEGAL_OBLIGATION,
    keep=UntilDone("the certificate's mail was accepted or given up"),
    columns={
        "request_id": _REQUEST,
        "nonce": Personal("random bytes that connect a person with a certificate", Source.SERVICE),
    },
)
STATUS_LINK = Table(
    name="status_link",
    purpose="open the status page to whoever has the link",
    kind=Kind.PLUMBING,
    keep=_KEPT,
    columns={
        "status_sha256": NotPersonal("digest of a random secret that is in mails only"),
        "request_id": _REQUEST,
    },
)
REGISTER = Table(
    name="register",
    purpose="know which services must answer",
    kind=Kind.PLUMBING,
    keep=Forever("the register's history; names services"),
    columns={"version": _COUNT, "participants": _SERVICE},
)
SCANNED = Table(
    name="scanned",
    purpose="forget what a request was about only after every column was looked at",
    kind=Kind.PLUMBING,
    keep=_KEPT,
    columns={"request_id": _REQUEST, "service": _SERVICE, "scanned_at": _TIME},
)
ORIGIN: Final = (REQUEST, SLICE_ANSWER, SCANNED, NONCE, STATUS_LINK, REGISTER)

ASKED = Table(
    name="asked",
    purpose="know where to ask what a request is about",
    kind=Kind.PLUMBING,
    keep=UntilDone("the aliases have ended"),
    columns={"request_id": _REQUEST, "origin": _SERVICE, "cutoff": _TIME},
)
LOOKING = Table(
    name="looking",
    purpose="read back what a receipt says",
    kind=Kind.PLUMBING,
    keep=UntilDone("it was looked at"),
    columns={
        "receipt_id": NotPersonal("a random id of the row"),
        "attempt": _COUNT,
        "request_id": _REQUEST,
        "receipt_sha256": _DIGEST,
        "closed_count": _COUNT,
        "closed_root": _DIGEST,
        "covered_until": _TIME,
        "held": NotPersonal("grounds, paragraphs of laws, days and counts"),
        "tries": _COUNT,
        "next_try_at": _TIME,
        "reason": NotPersonal("a word of our vocabulary"),
    },
)
CLOSED = Table(
    name="closed",
    purpose="look for ids that were closed",
    kind=Kind.PLUMBING,
    keep=UntilDone("their receipt was looked at"),
    columns={
        "receipt_id": NotPersonal("a random id of the row"),
        "attempt": _COUNT,
        "number": _COUNT,
        "subject_ids": NotPersonal("random ids of who is deleted"),
    },
)
UNSCANNED = Table(
    name="unscanned",
    purpose="look through every column before an origin forgets what a request was about",
    kind=Kind.PLUMBING,
    keep=UntilDone("the slice was scanned"),
    columns={
        "request_id": _REQUEST,
        "origin": _SERVICE,
        "receipt_id": NotPersonal("a random id of the row"),
        "attempt": _COUNT,
        "receipt_sha256": _DIGEST,
        "covered_until": _TIME,
        "subject_ids": NotPersonal("random ids of who is deleted"),
        "left_over": NotPersonal("that a scan found something, which was said"),
    },
)
VERIFIER: Final = (ASKED, LOOKING, CLOSED, UNSCANNED)
