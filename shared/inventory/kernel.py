"""Tables of ours that a database with subjects has, described like every other."""

from datetime import timedelta
from typing import Final

from contracts.purposes import Basis
from shared.inventory.disclosed import DISCLOSURE, OBJECTION, TELLING
from shared.inventory.model import (
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
from shared.inventory.plumbing import DEADLINE_COLUMNS, EVERYWHERE, plumbing_table
from shared.inventory.words import BYTES, COUNT, DIGEST, ID, PLACE, REQUEST, TIME, WORD

DEADLINE = Table(
    name="deadline",
    purpose="do what falls due, such as deleting",
    columns={**DEADLINE_COLUMNS, "subject_id": Root()},
    keep=UntilDone("it fell due and was done"),
)
SUBJECT = Table(
    name="subject",
    purpose="the root of one relationship: what hangs on it is deleted with it",
    columns={
        "subject_id": Root(),
        "begun_at": TIME,
        "address_since": TIME,
        "restricted_at": TIME,
    },
    keep=WithSubject(),
)
RECEIPT_RECORD = plumbing_table(
    "receipt_record",
    "send receipts again with the same bytes",
    Forever("the proof of an erasure; names nobody"),
    record_id=DIGEST,
    topic=PLACE,
    partition=PLACE,
    value=BYTES,
    headers=BYTES,
)
RECEIPT = plumbing_table(
    "receipt",
    "answer a request with the same bytes whenever it is asked",
    Forever("the proof of an erasure; names nobody"),
    receipt_id=ID,
    request_id=REQUEST,
    attempt=COUNT,
    record_id=DIGEST,
    line=PLACE,
    line_sha256=DIGEST,
    erased_at=TIME,
    covered_until=TIME,
    origin=NotPersonal("a service's name"),
    cutoff=TIME,
)
RECLOSED = plumbing_table(
    "reclosed",
    "say once caught up what a restored backup had brought back",
    UntilDone("slice-reerased was told"),
    receipt_id=ID,
    request_id=REQUEST,
    subject_id=NotPersonal("a random id of somebody who is deleted"),
    rows=NotPersonal("counts by table"),
    held=NotPersonal("grounds, paragraphs of laws, days and counts"),
    recipients=NotPersonal("names in our register of recipients"),
)
SAID = plumbing_table(
    "said",
    "say once for ever that a recipient answered or a hold ended",
    Forever("the proof of an erasure; names nobody"),
    request_id=REQUEST,
    what=NotPersonal("a recipient's name in our register, or a hold's ground, paragraph and day"),
)
ALIAS = Table(
    name="alias",
    purpose="tell the participants of a request whom it is about",
    columns={
        "request_id": REQUEST,
        "alias_id": COUNT,
        "kind": WORD,
        "address": Personal("the address a request is about"),
        "alias_subject": Personal("the relationship a request is about", Source.SERVICE),
        "service": NotPersonal("a service's name"),
    },
    keep=UntilDone("every participant answered and the certificate was sent or given up"),
    basis=Basis.LEGAL_OBLIGATION,
    kind=Kind.ALIAS,
)
CLAIM_AUDIT = plumbing_table(
    "claim_audit",
    "know which service asked whom requests are about",
    UntilDone("the audit period is over"),
    claim_id=ID,
    caller=NotPersonal("a service's name, or its verifier's"),
    answer=WORD,
    request_ids=REQUEST,
    asked_at=TIME,
)
HELD = Table(
    name="held",
    purpose="keep what a law says must be kept, apart, until its day",
    columns={
        "hold_id": ID,
        "request_id": REQUEST,
        "ground": WORD,
        "reference": NotPersonal("a paragraph of a law"),
        "until": TIME,
        "fields": Personal("the values kept", Source.SERVICE),
    },
    keep=UntilDone("the hold's date has come"),
    basis=Basis.LEGAL_OBLIGATION,
    kind=Kind.HELD,
)
HOLD = Table(
    name="hold",
    purpose="know what is to be kept when its relationship ends, and until when",
    columns={
        "hold_id": ID,
        "subject_id": Root(),
        "name": WORD,
        "reference": NotPersonal("a paragraph of a law"),
        "until": TIME,
        "placed_at": TIME,
    },
    keep=WithSubject(),
)
MAIL = Table(
    name="mail",
    purpose="send a mail once its effect has committed",
    columns={
        "mail_id": ID,
        "subject_id": Root(),
        "request_id": REQUEST,
        "alias_id": COUNT,
        "kind": WORD,
        "template": WORD,
        "language": NotPersonal("de or en"),
        "message_id": NotPersonal("a random id that stays the same over tries"),
        "parameters": Personal("what a template needs beyond the address", Source.SERVICE),
        "next_try_at": TIME,
        "leased_until": TIME,
        "tries": COUNT,
        "give_up_at": TIME,
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
        "purpose": WORD,
        "expires_at": TIME,
        "used_at": TIME,
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
        "purpose": WORD,
        "wording": WORD,
        "wording_version": WORD,
        "wording_sha256": DIGEST,
        "language": NotPersonal("de or en, chosen by the form's path"),
        "form": WORD,
        "granted_at": TIME,
        "host": NotPersonal("which of our hosts asked"),
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
        "expires_at": TIME,
    },
    keep=For(timedelta(hours=24), after="the first post"),
    basis=Basis.CONTRACT,
    kind=Kind.EPHEMERAL,
)

STAFF = Table(
    name="staff",
    purpose="let nobody but those who work with this slice see it",
    columns={
        "staff_id": ID,
        "name": Personal("name to sign in with", Source.SERVICE),
        "password": Personal("argon2id of a password", Source.SERVICE),
        "totp_secret": Personal("secret of the second factor", Source.SERVICE),
        "last_step": COUNT,
        "failures": COUNT,
        "locked_until": TIME,
        "added_at": TIME,
    },
    keep=UntilDone("the account is removed"),
    basis=Basis.CONTRACT,
    kind=Kind.STAFF,
)
STAFF_SESSION = Table(
    name="staff_session",
    purpose="know who is signed in at the desk",
    columns={
        "session_sha256": Personal("digest of a cookie", Source.SERVICE),
        "staff_id": ID,
        "seen_at": TIME,
        "ends_at": TIME,
    },
    keep=UntilDone("the session ended"),
    basis=Basis.CONTRACT,
    kind=Kind.STAFF,
)
KERNEL: Final = (
    *EVERYWHERE,
    SUBJECT,
    DEADLINE,
    RECEIPT_RECORD,
    RECEIPT,
    RECLOSED,
    SAID,
    ALIAS,
    CLAIM_AUDIT,
    HOLD,
    HELD,
    MAIL,
    TOKEN,
    CONSENT,
    DISCLOSURE,
    OBJECTION,
    TELLING,
    ANSWER,
    STAFF,
    STAFF_SESSION,
)
