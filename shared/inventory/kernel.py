"""The kernel's own tables, described like every other."""

from datetime import timedelta
from typing import Final

from shared.inventory.model import (
    Basis,
    For,
    Forever,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Source,
    Table,
    UntilDone,
    WithSubject,
)

_ID = NotPersonal("a random id of the row")
_PLACE = NotPersonal("where a record stands on a topic")
_BYTES = NotPersonal("messages: no field of any can hold an address")
_TIME = NotPersonal("when something happened here; says nothing without the row beside it")
_WORD = NotPersonal("a word of our vocabulary")
_COUNT = NotPersonal("a count")
_DIGEST = NotPersonal("a digest of bytes that are not personal")
_REQUEST = NotPersonal("a random id; who it is about stands in alias alone")


def _plumbing(
    name: str, purpose: str, keep: UntilDone | Forever, /, **columns: NotPersonal
) -> Table:
    return Table(name=name, purpose=purpose, columns=columns, keep=keep, kind=Kind.PLUMBING)


MIGRATION = _plumbing(
    "migration",
    "remember which migrations were applied",
    Forever("the schema's history"),
    name=NotPersonal("a file's name"),
    sha256=_DIGEST,
    applied_at=_TIME,
)
OUTBOX = _plumbing(
    "outbox",
    "send messages exactly when the effect commits",
    UntilDone("the broker has acknowledged the record"),
    id=_COUNT,
    topic=_PLACE,
    partition=_PLACE,
    key=_BYTES,
    value=_BYTES,
    headers=_BYTES,
)
CONSUMER_CURSOR = _plumbing(
    "consumer_cursor",
    "know how far a topic was read",
    Forever("one row a partition"),
    topic=_PLACE,
    partition=_PLACE,
    cluster_id=_PLACE,
    topic_id=_PLACE,
    next_offset=_PLACE,
    updated_at=_TIME,
)
INBOX = _plumbing(
    "inbox",
    "apply no record twice",
    UntilDone("its day is dropped"),
    record_id=_DIGEST,
    seen_on=_TIME,
)
PARKED = _plumbing(
    "parked",
    "set a failing message aside for a person to look at",
    UntilDone("it was released"),
    parked_id=_ID,
    topic=_PLACE,
    partition=_PLACE,
    offset=_PLACE,
    line=_PLACE,
    record_key=_BYTES,
    record_value=_BYTES,
    headers=_BYTES,
    about_id=_REQUEST,
    error=NotPersonal("the class of an error, never its text"),
    parked_at=_TIME,
    release_asked_at=_TIME,
    released_at=_TIME,
)
QUARANTINE = _plumbing(
    "quarantine",
    "keep what nobody of ours has signed, for a person to look at",
    UntilDone("somebody looked and removed it"),
    topic=_PLACE,
    partition=_PLACE,
    offset=_PLACE,
    key=NotPersonal("as the value"),
    value=NotPersonal("bytes of an unknown signer: only our own principals may write the topics"),
    headers=NotPersonal("as the value"),
    error=NotPersonal("the class of an error, never its text"),
    seen_at=_TIME,
)
WAITING = _plumbing(
    "waiting",
    "try a claim check again without holding up the others",
    UntilDone("its origin answered"),
    request_id=_REQUEST,
    message=_BYTES,
    origin=NotPersonal("a service's name"),
    cutoff=_TIME,
    tries=_COUNT,
    next_try_at=_TIME,
    reason=_WORD,
    topic=_PLACE,
    partition=_PLACE,
    offset=_PLACE,
    line=_PLACE,
)
LEASE = _plumbing(
    "lease",
    "notice a restored database, and one writer at a time",
    Forever("one row a lease"),
    name=_WORD,
    value=_COUNT,
    until=_TIME,
)
DAILY_KEY = _plumbing(
    "daily_key",
    "make the keys of counters meaningless after their day",
    UntilDone("its day is over"),
    day=_TIME,
    key=NotPersonal("random bytes"),
)
EPHEMERAL = Table(
    name="ephemeral",
    purpose="slow down floods of posts and mails",
    columns={
        "kind": _WORD,
        "key": Personal("HMAC of an address or network under a key of the day", Source.DEVICE),
        "bucket": _TIME,
        "count": _COUNT,
        "expires_at": _TIME,
    },
    keep=For(timedelta(hours=24), after="the first post"),
    basis=Basis.LEGITIMATE_INTEREST,
    kind=Kind.EPHEMERAL,
)
_DEADLINE_COLUMNS: Final = {
    "deadline_id": _ID,
    "kind": _WORD,
    "due_at": _TIME,
    "payload": NotPersonal("ids and counts only"),
    "failed_at": _TIME,
}
PLUMBING_DEADLINE = Table(
    name="deadline",
    purpose="do what falls due",
    columns={**_DEADLINE_COLUMNS, "subject_id": NotPersonal("empty: nobody hangs on this service")},
    keep=UntilDone("it fell due and was done"),
    kind=Kind.PLUMBING,
)
DEADLINE = Table(
    name="deadline",
    purpose="do what falls due, such as deleting",
    columns={**_DEADLINE_COLUMNS, "subject_id": Root()},
    keep=UntilDone("it fell due and was done"),
)
SUBJECT = Table(
    name="subject",
    purpose="the root of one relationship: what hangs on it is deleted with it",
    columns={
        "subject_id": Root(),
        "begun_at": _TIME,
        "address_since": _TIME,
        "restricted_at": _TIME,
    },
    keep=WithSubject(),
)
RECEIPT_RECORD = _plumbing(
    "receipt_record",
    "send receipts again with the same bytes",
    Forever("the proof of an erasure; names nobody"),
    record_id=_DIGEST,
    topic=_PLACE,
    partition=_PLACE,
    value=_BYTES,
    headers=_BYTES,
)
RECEIPT = _plumbing(
    "receipt",
    "answer a request with the same bytes whenever it is asked",
    Forever("the proof of an erasure; names nobody"),
    receipt_id=_ID,
    request_id=_REQUEST,
    attempt=_COUNT,
    record_id=_DIGEST,
    line=_PLACE,
    line_sha256=_DIGEST,
    erased_at=_TIME,
    covered_until=_TIME,
    origin=NotPersonal("a service's name"),
    cutoff=_TIME,
)
RECLOSED = _plumbing(
    "reclosed",
    "say once caught up what a restored backup had brought back",
    UntilDone("slice-reerased was told"),
    receipt_id=_ID,
    request_id=_REQUEST,
    subject_id=NotPersonal("a random id of somebody who is deleted"),
    rows=NotPersonal("counts by table"),
)
ALIAS = Table(
    name="alias",
    purpose="tell the participants of a request whom it is about",
    columns={
        "request_id": _REQUEST,
        "alias_id": _COUNT,
        "kind": _WORD,
        "address": Personal("the address a request is about"),
        "alias_subject": Personal("the relationship a request is about", Source.SERVICE),
        "service": NotPersonal("a service's name"),
    },
    keep=UntilDone("every participant answered and the certificate was sent or given up"),
    basis=Basis.LEGAL_OBLIGATION,
    kind=Kind.ALIAS,
)
CLAIM_AUDIT = _plumbing(
    "claim_audit",
    "know which service asked whom requests are about",
    UntilDone("the audit period is over"),
    claim_id=_ID,
    caller=NotPersonal("a service's name, or its verifier's"),
    answer=_WORD,
    request_ids=_REQUEST,
    asked_at=_TIME,
)
HELD = Table(
    name="held",
    purpose="keep what a law says must be kept, apart, until its day",
    columns={
        "hold_id": _ID,
        "request_id": _REQUEST,
        "ground": _WORD,
        "reference": NotPersonal("a paragraph of a law"),
        "until": _TIME,
        "fields": Personal("the values kept", Source.SERVICE),
    },
    keep=UntilDone("the hold's date has come"),
    basis=Basis.LEGAL_OBLIGATION,
    kind=Kind.HELD,
)
MAIL = Table(
    name="mail",
    purpose="send a mail once its effect has committed",
    columns={
        "mail_id": _ID,
        "subject_id": Root(),
        "request_id": _REQUEST,
        "alias_id": _COUNT,
        "kind": _WORD,
        "template": _WORD,
        "language": NotPersonal("de or en"),
        "message_id": NotPersonal("a random id that stays the same over tries"),
        "parameters": Personal("what a template needs beyond the address", Source.SERVICE),
        "next_try_at": _TIME,
        "leased_until": _TIME,
        "tries": _COUNT,
        "give_up_at": _TIME,
    },
    keep=UntilDone("the mail server took it, or it was given up"),
    basis=Basis.CONTRACT,
)
TOKEN = Table(
    name="token",
    purpose="know a mailed link again",
    columns={
        "token_sha256": Personal("digest of a mailed link's secret", Source.SERVICE),
        "subject_id": Root(),
        "purpose": _WORD,
        "expires_at": _TIME,
        "used_at": _TIME,
    },
    keep=WithSubject(),
    basis=Basis.CONTRACT,
)
CONSENT = Table(
    name="consent",
    purpose="show what was agreed to, in which words (Art. 7(1))",
    columns={
        "consent_id": NotPersonal("a random id; the messages about it name nobody"),
        "subject_id": Root(),
        "purpose": _WORD,
        "wording": _WORD,
        "wording_version": _WORD,
        "wording_sha256": _DIGEST,
        "language": NotPersonal("de or en, chosen by the form's path"),
        "form": _WORD,
        "granted_at": _TIME,
    },
    keep=UntilDone("the consent is withdrawn or its relationship ends"),
)

ANSWER = Table(
    name="answer",
    purpose="give a form that was sent twice the same answer and one effect",
    columns={
        "form_sha256": NotPersonal("digest of the random id of a form"),
        "entries_hmac": Personal("HMAC of what was entered, under an id that is not stored"),
        "location": Personal("where the answer leads, encrypted under the same id"),
        "expires_at": _TIME,
    },
    keep=For(timedelta(hours=24), after="the first post"),
    basis=Basis.CONTRACT,
    kind=Kind.EPHEMERAL,
)

_EVERYWHERE: Final = (
    MIGRATION,
    OUTBOX,
    CONSUMER_CURSOR,
    INBOX,
    PARKED,
    QUARANTINE,
    WAITING,
    LEASE,
    DAILY_KEY,
    EPHEMERAL,
)
PLUMBING: Final = (*_EVERYWHERE, PLUMBING_DEADLINE)
KERNEL: Final = (
    *_EVERYWHERE,
    SUBJECT,
    DEADLINE,
    RECEIPT_RECORD,
    RECEIPT,
    RECLOSED,
    ALIAS,
    CLAIM_AUDIT,
    HELD,
    MAIL,
    TOKEN,
    CONSENT,
    ANSWER,
)
