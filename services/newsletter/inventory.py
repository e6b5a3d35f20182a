"""What the newsletter holds about people: every table and column, why, how long."""

from services.newsletter.settings import PURPOSE, SERVICE
from shared.inventory import (
    Basis,
    Forever,
    Inventory,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Table,
    UntilConfirmed,
    UntilWithdrawn,
    WithSubject,
)

_LANGUAGE = NotPersonal("de or en, chosen by the form's path")
_WORDING = NotPersonal("which of our published texts was on the screen")
_TIME = NotPersonal("when something happened; says nothing without the row beside it")
_ISSUE = NotPersonal("the random id of an issue")
_ENDED = NotPersonal("when sending stopped; the row is deleted within the hour")

PENDING = Table(
    name="pending",
    purpose="wait for the click that confirms a sign-up to the newsletter",
    basis=Basis.CONSENT,
    serves=PURPOSE,
    keep=UntilConfirmed("DOI_TTL"),
    columns={
        "subject_id": Root(),
        "email": Personal("address that the newsletter was asked for"),
        "first_name": Personal("name to greet with, if given"),
        "last_name": Personal("name to greet with, if given"),
        "language": _LANGUAGE,
        "wording": _WORDING,
        "wording_version": _WORDING,
        "wording_sha256": _WORDING,
        "button": NotPersonal("the words on the button that was pressed"),
        "form": NotPersonal("the name of the form"),
        "submitted_at": _TIME,
        "ended_at": _ENDED,
    },
)
SUBSCRIBER = Table(
    name="subscriber",
    purpose="send the newsletter that was asked for",
    basis=Basis.CONSENT,
    serves=PURPOSE,
    keep=UntilWithdrawn(),
    columns={
        "subject_id": Root(),
        "email": Personal("address that confirmed the subscription"),
        "first_name": Personal("name to greet with, if given"),
        "last_name": Personal("name to greet with, if given"),
        "language": _LANGUAGE,
        "button": NotPersonal("the words on the button that was pressed"),
        "submitted_at": _TIME,
        "confirmed_at": _TIME,
        "ended_at": _ENDED,
    },
)
DELIVERY = Table(
    name="delivery",
    purpose="send no issue twice to the same subscriber",
    basis=Basis.CONSENT,
    serves=PURPOSE,
    keep=WithSubject(),
    columns={
        "subject_id": Root(),
        "issue_id": _ISSUE,
        "state": NotPersonal("what became of the delivery, one of four words"),
    },
)
ISSUE = Table(
    name="issue",
    purpose="keep an issue's words the same for everybody",
    keep=Forever("what was published, without recipients"),
    kind=Kind.PLUMBING,
    columns={
        "issue_id": _ISSUE,
        "name": NotPersonal("the name of the issue's folder"),
        "content_sha256": NotPersonal("digest of what is sent to everybody"),
        "begun_at": _TIME,
        "queued_at": _TIME,
    },
)
ISSUE_TEXT = Table(
    name="issue_text",
    purpose="the words of an issue in one language",
    keep=Forever("what was published, without recipients"),
    kind=Kind.PLUMBING,
    columns={
        "issue_id": _ISSUE,
        "language": NotPersonal("de or en"),
        "subject": NotPersonal("what is sent to everybody"),
        "markdown": NotPersonal("what is sent to everybody"),
    },
)

INVENTORY = Inventory(SERVICE, (PENDING, SUBSCRIBER, DELIVERY, ISSUE, ISSUE_TEXT))
