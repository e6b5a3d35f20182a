"""What registration holds about people: every table and column, why, how long."""

from datetime import timedelta

from contracts.vocabulary import Ground
from services.registration.settings import PROMOTION as PROMOTED
from services.registration.settings import SERVICE, USE
from shared.inventory import (
    Basis,
    For,
    Forever,
    Hold,
    Inventory,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Source,
    Table,
    UntilConfirmed,
    UntilDone,
    UntilWithdrawn,
    WithSubject,
)
from shared.saga.tables import ORIGIN

_LANGUAGE = NotPersonal("de or en, chosen by the form's path")
_WORDING = NotPersonal("which of our published texts was on the screen")
_TIME = NotPersonal("when something happened; says nothing without the row beside it")
_PROMOTION = NotPersonal("the random id of a promotion mail")
_PURPOSE = NotPersonal("the name of a purpose")
_FIELDS = NotPersonal("names of fields")

ACCOUNT = Table(
    name="account",
    purpose="let a person sign in and use what an account opens",
    basis=Basis.CONSENT,
    serves=USE,
    keep=UntilWithdrawn(),
    columns={
        "subject_id": Root(),
        "email": Personal("address of the account and user name"),
        "title": Personal("title, as typed"),
        "first_name": Personal("name to greet with, if given"),
        "last_name": Personal("name to greet with, if given"),
        "company": Personal("company, if given"),
        "department": Personal("department, if given"),
        "street": Personal("street and number, if given"),
        "postal_code": Personal("postal code, if given"),
        "city": Personal("city, if given"),
        "telephone": Personal("telephone number, if given"),
        "language": _LANGUAGE,
        "submitted_at": _TIME,
        "confirmed_at": _TIME,
        "ended_at": NotPersonal("when the account ended; the row is deleted within the minute"),
        "next_change": NotPersonal("a random id that nothing has before the next change"),
    },
)
CREDENTIAL = Table(
    name="credential",
    purpose="know the password again without knowing it",
    basis=Basis.CONSENT,
    serves=USE,
    keep=UntilWithdrawn(),
    columns={
        "subject_id": Root(),
        "hash": Personal("argon2id hash of the password"),
        "changed_at": _TIME,
    },
)
DECLARED = Table(
    name="declared",
    purpose="make consents of the ticks once the address is confirmed",
    basis=Basis.CONSENT,
    serves=USE,
    keep=UntilConfirmed("DOI_TTL"),
    columns={
        "subject_id": Root(),
        "purpose": _PURPOSE,
        "wording_sha256": _WORDING,
        "button": NotPersonal("the words on the button that was pressed"),
        "form": NotPersonal("the name of the form"),
    },
)
PRESENTED = Table(
    name="presented",
    purpose="show which data protection policy was on the screen with a declaration",
    keep=WithSubject(),
    columns={
        "subject_id": Root(),
        "purpose": _PURPOSE,
        "policy_version": NotPersonal("a version of our policy"),
        "policy_sha256": NotPersonal("digest of our policy's text"),
        "presented_at": _TIME,
    },
)
ACCOUNT_CHANGE = Table(
    name="account_change",
    purpose="show when which details were changed, without what they were",
    keep=WithSubject(),
    columns={
        "change_id": NotPersonal("the random id that the change was told under"),
        "subject_id": Root(),
        "fields": _FIELDS,
        "changed_at": _TIME,
    },
)
OUTDATED = Table(
    name="outdated",
    purpose="use nothing of an account that came back from a backup older than its last change",
    keep=UntilDone("the person or an officer has corrected it"),
    columns={
        "subject_id": Root(),
        "fields": _FIELDS,
        "froze": NotPersonal("whether it was restricted for this"),
        "noticed_at": _TIME,
    },
)
RESET_WISH = Table(
    name="reset_wish",
    purpose="send a link for a new password to whoever has the address",
    basis=Basis.CONSENT,
    serves=USE,
    keep=For(timedelta(minutes=60), after="it was asked for (RESET_TTL)"),
    columns={
        "subject_id": Root(),
        "email": Personal("address that a new password was asked for"),
        "language": _LANGUAGE,
        "asked_at": _TIME,
    },
)
NEW_ADDRESS = Table(
    name="new_address",
    purpose="change an account's address once the new one is confirmed",
    basis=Basis.CONSENT,
    serves=USE,
    keep=UntilConfirmed("DOI_TTL"),
    references=("account",),
    columns={
        "subject_id": Root(),
        "account_id": Personal("the account that the address is for", Source.SERVICE),
        "email": Personal("address that an account is to have"),
        "language": _LANGUAGE,
        "asked_at": _TIME,
    },
)
FORMER_ADDRESS = Table(
    name="former_address",
    purpose="tell the address an account had, and find the account by it for a day",
    basis=Basis.CONSENT,
    serves=USE,
    keep=For(timedelta(hours=24), after="the address was changed (CHANGE_ERASE_SLA)"),
    references=("account",),
    columns={
        "subject_id": Root(),
        "account_id": Personal("the account that had the address", Source.SERVICE),
        "email": Personal("address that an account had"),
        "language": _LANGUAGE,
        "changed_at": _TIME,
    },
)
SIGN_IN = Table(
    name="sign_in",
    purpose="know a signed-in browser again: ONLINEPLUS for documents, another for the account",
    basis=Basis.CONSENT,
    serves=USE,
    keep=UntilDone("the person logs out, or ONLINEPLUS_MAX is over"),
    columns={
        "sign_in_id": NotPersonal("a random id of the row"),
        "subject_id": Root(),
        "account_sha256": Personal("digest of the account page's cookie", Source.SERVICE),
        "documents_sha256": Personal("digest of the cookie ONLINEPLUS", Source.SERVICE),
        "this_session": NotPersonal("whether the person chose to be remembered"),
        "begun_at": _TIME,
        "account_seen_at": _TIME,
        "seen_at": _TIME,
    },
)
DELIVERY = Table(
    name="delivery",
    purpose="send no promotion mail twice to the same account",
    basis=Basis.CONSENT,
    serves=PROMOTED,
    keep=WithSubject(),
    columns={
        "subject_id": Root(),
        "promotion_id": _PROMOTION,
        "state": NotPersonal("what became of the delivery, one of four words"),
    },
)
PROMOTION = Table(
    name="promotion",
    purpose="keep a promotion mail's words the same for everybody",
    keep=Forever("what was published, without recipients"),
    kind=Kind.PLUMBING,
    columns={
        "promotion_id": _PROMOTION,
        "name": NotPersonal("the name of the folder"),
        "content_sha256": NotPersonal("digest of what is sent to everybody"),
        "begun_at": _TIME,
        "queued_at": _TIME,
    },
)
PROMOTION_TEXT = Table(
    name="promotion_text",
    purpose="the words of a promotion mail in one language",
    keep=Forever("what was published, without recipients"),
    kind=Kind.PLUMBING,
    columns={
        "promotion_id": _PROMOTION,
        "language": NotPersonal("de or en"),
        "subject": NotPersonal("what is sent to everybody"),
        "markdown": NotPersonal("what is sent to everybody"),
    },
)

TABLES = (
    ACCOUNT,
    CREDENTIAL,
    DECLARED,
    PRESENTED,
    ACCOUNT_CHANGE,
    OUTDATED,
    RESET_WISH,
    NEW_ADDRESS,
    FORMER_ADDRESS,
    SIGN_IN,
    DELIVERY,
    PROMOTION,
    PROMOTION_TEXT,
)
_WHO = {
    "account": (
        *("email", "title", "first_name", "last_name", "company", "department"),
        *("street", "postal_code", "city"),
    )
}
# What a contract or a law keeps of an account that ends (R-ACC-11); staff place them.
HOLDS = (
    Hold("contract", Ground.CONTRACT, "gdpr-6-1b", keeps=_WHO),
    Hold("records", Ground.LEGAL_OBLIGATION, "hgb-257", keeps=_WHO),
)
INVENTORY = Inventory(SERVICE, (*ORIGIN, *TABLES), holds=HOLDS)
