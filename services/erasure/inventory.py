"""What the ledger holds: ids, counts, times, digests. No name, no address, no content.

Erasure is no participant of any saga: it has no subjects, so there is nothing to erase.
"""

from typing import Final

from shared.inventory import PLUMBING, Forever, Inventory, Kind, NotPersonal, Table, UntilDone

_REQUEST = NotPersonal("a random id; whom it is about is known to its origin, until the end")
_RECEIPT = NotPersonal("a random id of an answer")
_CONSENT = NotPersonal("a random id; the link to a person is in the slice and dies there")
_DIGEST = NotPersonal("a digest of a message, which can hold no address")
_PLACE = NotPersonal("where a line stands on a topic")
_BYTES = NotPersonal("signed messages: no field of any can hold an address")
_TIME = NotPersonal("when something happened; says nothing without whom it was about")
_WORD = NotPersonal("a word of our vocabulary")
_SERVICE = NotPersonal("a service's name")
_COUNT = NotPersonal("a count or a version")
_KEY = NotPersonal("the id of a service's or verifier's key")


def _ledger(name: str, purpose: str, keep: Forever | UntilDone, /, **columns: NotPersonal) -> Table:
    return Table(name=name, purpose=purpose, columns=columns, keep=keep, kind=Kind.PLUMBING)


_PROOF: Final = Forever("the proof of an erasure; names nobody")

EVIDENCE = _ledger(
    "evidence",
    "show every answer with the bytes and the signature it came with",
    _PROOF,
    record_id=_DIGEST,
    topic=_PLACE,
    partition=_PLACE,
    offset=_PLACE,
    value=_BYTES,
    headers=_BYTES,
    stored_at=_TIME,
)
SENT_AGAIN = _ledger(
    "sent_again",
    "send a request's record again at most once a day",
    _PROOF,
    record_id=_DIGEST,
    sent_on=_TIME,
)
REGISTER = _ledger(
    "register",
    "know which services must answer, by version",
    Forever("certificates name versions"),
    version=_COUNT,
    participants=_SERVICE,
    published_at=_TIME,
)
SAGA = _ledger(
    "saga",
    "know what was asked, of whom, until when (Art. 12(3), 17(1))",
    _PROOF,
    request_id=_REQUEST,
    line_sha256=_DIGEST,
    record_id=_DIGEST,
    partition=_PLACE,
    offset=_PLACE,
    line=_PLACE,
    origin=_SERVICE,
    scope=_SERVICE,
    participants=_SERVICE,
    register_version=_COUNT,
    cutoff=_TIME,
    received_at=_TIME,
    due_at=_TIME,
    identity=_WORD,
    person_commitment=NotPersonal("an HMAC under a nonce that its origin destroys at the end"),
)
OPEN_SAGA = _ledger(
    "open_saga",
    "find what is not certified: to remind, to certify, to say that it is overdue",
    UntilDone("the certificate is stored"),
    request_id=_REQUEST,
    register_version=_COUNT,
    ready=_WORD,
    due_at=_TIME,
    remind_at=_TIME,
    reminders=_COUNT,
    overdue_at=_TIME,
)
SAGA_EXTENSION = _ledger(
    "saga_extension",
    "know which services a later register added",
    _PROOF,
    request_id=_REQUEST,
    register_version=_COUNT,
    participants=_SERVICE,
    line_sha256=_DIGEST,
    record_id=_DIGEST,
    line=_PLACE,
)
SAGA_RECEIPT = _ledger(
    "saga_receipt",
    "count what the participants answered",
    _PROOF,
    request_id=_REQUEST,
    service=_SERVICE,
    attempt=_COUNT,
    receipt_id=_RECEIPT,
    line_sha256=_DIGEST,
    record_id=_DIGEST,
    partition=_PLACE,
    offset=_PLACE,
    line=_PLACE,
    outcome=_WORD,
    rows=NotPersonal("counts of deleted rows by table"),
    held=NotPersonal("grounds, paragraphs of laws, days and counts"),
    covered_until=_TIME,
    erased_at=_TIME,
    recipients=NotPersonal("names in the register of recipients"),
)
SAGA_READ_BACK = _ledger(
    "saga_read_back",
    "count what the verifiers found",
    _PROOF,
    request_id=_REQUEST,
    service=_SERVICE,
    attempt=_COUNT,
    receipt_sha256=_DIGEST,
    line_sha256=_DIGEST,
    record_id=_DIGEST,
    partition=_PLACE,
    offset=_PLACE,
    line=_PLACE,
    remaining=_COUNT,
    method=_WORD,
    key_id=_KEY,
    verified_at=_TIME,
)
SAGA_SUPPLEMENT = _ledger(
    "saga_supplement",
    "show what slices said since: a recipient answered, a hold ended (Art. 19, 17(3))",
    _PROOF,
    request_id=_REQUEST,
    service=_SERVICE,
    about=NotPersonal("a recipient's name, or a hold's ground, paragraph, day and count"),
    line_sha256=_DIGEST,
    record_id=_DIGEST,
    line=_PLACE,
)
SAGA_FAILURE = _ledger(
    "saga_failure",
    "show which participant could not act",
    _PROOF,
    request_id=_REQUEST,
    service=_SERVICE,
    error=NotPersonal("the name of an error class, never its text"),
    failed_at=_TIME,
)
CERTIFICATE = _ledger(
    "certificate",
    "hand out the certificate, once made, in the same bytes",
    _PROOF,
    request_id=_REQUEST,
    sha256=_DIGEST,
    envelope=NotPersonal("a signed statement of ids, counts, times and digests"),
    outcome=_WORD,
    certified_at=_TIME,
    log_index=_COUNT,
)
LOG_LEAF = _ledger(
    "log_leaf",
    "log every transaction of erasure.v1 once, in the order of the topic",
    _PROOF,
    digest=_DIGEST,
    partition=_PLACE,
    offset=_PLACE,
    log_index=_COUNT,
)
LOG_TILE = _ledger(
    "log_tile",
    "serve the log, and prove that something is in it",
    _PROOF,
    level=_COUNT,
    number=_COUNT,
    content=NotPersonal("digests of signed messages and certificates, and hashes over them"),
)
LOG_CHECKPOINT = _ledger(
    "log_checkpoint",
    "never sign a second history of the log",
    _PROOF,
    size=_COUNT,
    note=NotPersonal("the log's name, a count, a hash and a signature"),
    certified=_COUNT,
)
LOG_COSIGNATURE = _ledger(
    "log_cosignature",
    "show that others saw the same log",
    _PROOF,
    witness=NotPersonal("the key of an organisation that watches the log"),
    size=_COUNT,
    line=NotPersonal("the name of that organisation and its signature over a head"),
    at=_TIME,
)
LOG_TOLD = _ledger(
    "log_told",
    "know how much of the log the topic names",
    _PROOF,
    one=NotPersonal("true: there is one row"),
    told=_COUNT,
    refused=_WORD,
)
SAGA_END = _ledger(
    "saga_end",
    "know that the origin forgot what the request was about",
    _PROOF,
    request_id=_REQUEST,
    count=_COUNT,
    remaining=_COUNT,
    ended_at=_TIME,
    record_id=_DIGEST,
    line=_PLACE,
)
CONSENT_EVIDENCE = _ledger(
    "consent_evidence",
    "show that somebody agreed, to which words, and when it ended (Art. 7(1))",
    UntilDone("the evidence period is over (CONSENT_PROOF_TTL)"),
    consent_id=_CONSENT,
    purpose=_WORD,
    wording=_WORD,
    wording_version=_COUNT,
    wording_sha256=NotPersonal("a digest of the text that was shown to everybody"),
    language=NotPersonal("de or en"),
    form=_WORD,
    method=_WORD,
    granted_at=_TIME,
    granted_record=_DIGEST,
    withdrawn_method=_WORD,
    withdrawn_at=_TIME,
    withdrawn_record=_DIGEST,
)

CONSENT_TOMBSTONE = _ledger(
    "consent_tombstone",
    "let the topic forget a consent whose proof is over, its withdrawal last",
    UntilDone("the topic has forgotten the grant"),
    consent_id=_CONSENT,
    due_at=_TIME,
)

SELF_CHECK = _ledger(
    "self_check",
    "show that the measures were checked, when, and what came of it (R-SEC-01)",
    Forever("the evidence of regular checks; names nobody"),
    check_id=NotPersonal("a random id of the row"),
    name=_WORD,
    began_at=_TIME,
    ended_at=_TIME,
    passed=NotPersonal("whether all was as it should be"),
    found=NotPersonal("counts and words of our own"),
)

INVENTORY: Final = Inventory(
    "erasure",
    (
        EVIDENCE,
        SENT_AGAIN,
        REGISTER,
        SAGA,
        OPEN_SAGA,
        SAGA_EXTENSION,
        SAGA_RECEIPT,
        SAGA_READ_BACK,
        SAGA_SUPPLEMENT,
        SAGA_FAILURE,
        CERTIFICATE,
        LOG_LEAF,
        LOG_TILE,
        LOG_CHECKPOINT,
        LOG_COSIGNATURE,
        LOG_TOLD,
        SAGA_END,
        CONSENT_EVIDENCE,
        CONSENT_TOMBSTONE,
        SELF_CHECK,
    ),
    kernel=PLUMBING,
)
