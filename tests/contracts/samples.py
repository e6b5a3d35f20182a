"""One message of every type, and keys that are the same in every run."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from contracts import messages
from contracts.fields import RevokedFrom
from contracts.messages import Message, encode
from contracts.proof import PublicKey, Record, Signer
from contracts.topics import partition_of
from contracts.vocabulary import (
    CertificateOutcome,
    Ground,
    Identity,
    Language,
    Method,
    Outcome,
    PersonField,
    ProcessorState,
    ReadBack,
    Reason,
    Role,
)

NOW = datetime(2026, 3, 5, 9, 30, 0, 123456, tzinfo=UTC)
REQUEST = UUID("0195652e-5c00-7000-8000-000000000001")
RECEIPT = UUID("0195652e-5c00-7000-8000-000000000002")
CONSENT = UUID("0195652e-5c00-7000-8000-000000000003")
SUBJECT = UUID("11111111-2222-4333-8444-555555555555")


def digest(text: str) -> str:
    """Give 64 hex digits that look like what they stand for."""
    return sha256(text.encode()).hexdigest()


def signer(service: str = "newsletter", role: Role = Role.SERVICE) -> Signer:
    """Give the key of a service and role, always the same one."""
    return Signer(service, role, sha256(f"{service}/{role.value}".encode()).digest())


def public(of: Signer) -> PublicKey:
    """Give what everybody knows of a signer."""
    return PublicKey(of.key_id, of.service, of.role, of.public, NOW - timedelta(days=1))


GRANTED = messages.ConsentGranted(
    consent_id=CONSENT,
    purpose="newsletter.email",
    wording="newsletter",
    wording_version=1,
    wording_sha256=digest("wording"),
    language=Language.DE,
    form="subscribe",
    method=Method.DOUBLE_OPT_IN,
    granted_at=NOW,
)
WITHDRAWN = messages.ConsentWithdrawn(
    consent_id=CONSENT, purpose="newsletter.email", method=Method.ONE_CLICK, withdrawn_at=NOW
)
REQUESTED = messages.ErasureRequested(
    request_id=REQUEST,
    origin="rights",
    scope="everything",
    participants=("newsletter", "rights"),
    register_version=1,
    cutoff=NOW,
    received_at=NOW - timedelta(minutes=5),
    due_at=NOW + timedelta(days=31),
    identity=Identity.MAILED_LINK,
    person_commitment=digest("commitment"),
)
EXTENDED = messages.SagaExtended(request_id=REQUEST, register_version=2, participants=("events",))
REMINDED = messages.SagaReminded(request_id=REQUEST, service="newsletter", reminder=1)
ERASED = messages.SliceErased(
    receipt_id=RECEIPT,
    request_id=REQUEST,
    reason=Reason.REQUESTED,
    outcome=Outcome.DELETED,
    rows={"subscriber": 1, "consent": 1},
    closed_count=1,
    closed_root=digest("closed"),
    inventory_sha256=digest("inventory"),
    policy_version="1.0",
    covered_until=NOW,
    erased_at=NOW,
)
RETAINED = ERASED.model_copy(
    update={
        "outcome": Outcome.HELD,
        "held": (
            messages.Held(
                ground=Ground.LEGAL_OBLIGATION,
                reference="hgb-257",
                until=NOW + timedelta(days=2190),
                rows=1,
            ),
        ),
    }
)
REERASED = messages.SliceReerased(
    **{**ERASED.model_dump(), "recipients": ("eloqua", "post")}, attempt=1
)
FAILED = messages.SliceFailed(request_id=REQUEST, error="AliasGone")
VERIFIED = messages.SliceVerified(
    receipt_id=RECEIPT,
    request_id=REQUEST,
    service="newsletter",
    receipt_sha256=digest("receipt"),
    attempt=0,
    remaining=0,
    method=ReadBack.IDS_AND_ADDRESSES,
    verified_at=NOW,
)
SCANNED = messages.SliceScanned(
    scan_id=RECEIPT, service="newsletter", request_ids=(REQUEST,), scanned_at=NOW
)
CLOSED = messages.SubjectsClosed(
    receipt_id=RECEIPT, request_id=None, attempt=0, number=1, of=1, subject_ids=(SUBJECT,)
)
CERTIFIED = messages.ErasureCertified(
    request_id=REQUEST,
    certificate_sha256=digest("certificate"),
    outcome=CertificateOutcome.COMPLETE,
    log_index=None,
    certified_at=NOW,
)
DESTROYED = messages.AliasesDestroyed(request_id=REQUEST, count=1, remaining=0)
ANSWERED = messages.ProcessorAnswered(
    request_id=REQUEST,
    recipient="post",
    state=ProcessorState.CONFIRMED,
    reason=None,
    answered_at=NOW,
)
HOLD_ENDED = messages.HoldEnded(
    request_id=REQUEST,
    ground=Ground.LEGAL_OBLIGATION,
    reference="hgb-257",
    until=NOW,
    rows=1,
    ended_at=NOW,
)
KEY = messages.KeyPublished(
    key_id=signer().key_id,
    service="newsletter",
    role=Role.SERVICE,
    public_key=signer().public.hex(),
    not_before=NOW,
)
RETIRED = messages.KeyRetired(key_id=signer().key_id, not_after=NOW)
REVOKED = messages.KeyRevoked(
    key_id=signer().key_id,
    places=(
        RevokedFrom(topic="erasure.v1", partition=0, offset=4711),
        RevokedFrom(topic="closed.v1", partition=0, offset=12),
    ),
)
REGISTER = messages.RegisterPublished(version=1, participants=("newsletter", "rights"))
WORDING = messages.WordingPublished(
    service="newsletter",
    wording="newsletter",
    version=1,
    language=Language.DE,
    sha256=digest("wording"),
)
RECTIFIED = messages.DataRectified(
    rectification_id=RECEIPT,
    fields=(PersonField.COMPANY, PersonField.TELEPHONE),
    rectified_at=NOW,
)

SAMPLES: tuple[Message, ...] = (
    GRANTED,
    WITHDRAWN,
    REQUESTED,
    EXTENDED,
    REMINDED,
    ERASED,
    REERASED,
    FAILED,
    VERIFIED,
    SCANNED,
    CLOSED,
    CERTIFIED,
    DESTROYED,
    ANSWERED,
    HOLD_ENDED,
    KEY,
    RETIRED,
    REVOKED,
    REGISTER,
    WORDING,
    RECTIFIED,
)


def line_of(message: Message, source: str = "newsletter", number: int = 0) -> bytes:
    """Encode with an id and a time that are the same in every run."""
    event_id = UUID(int=0x0195652E_5C00_7000_8000_0000_0000_1000 + number)
    return encode(message, source=source, id=event_id, time=NOW)


def record_of(*told: Message, source: str = "newsletter", partitions: int = 1) -> Record:
    """Make the record one transaction of `source` would tell these messages in."""
    first = told[0]
    return Record(
        first.topic.name,
        partition_of(first.subject, partitions),
        first.type.value,
        first.key,
        tuple(line_of(message, source, number) for number, message in enumerate(told)),
    )
