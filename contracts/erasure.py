"""Messages of the erasure saga, up to what slices answer. All carry ids, counts, times, hashes."""

from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from contracts.fields import (
    EVERYTHING,
    SERVICES,
    Count,
    ErrorName,
    Holds,
    LegalReference,
    Message,
    Number,
    PolicyVersion,
    RecipientName,
    Recipients,
    Rows,
    Services,
    Sha256,
    Time,
    read_services,
)
from contracts.identifiers import read_id
from contracts.spelling import Spelling, list_of, spelling_of
from contracts.topics import ANY_SCOPE_ORIGINS, CLOSED, ERASURE, MAX_IDS, Topic
from contracts.vocabulary import (
    CertificateOutcome,
    Ground,
    Identity,
    Impossible,
    MessageType,
    Outcome,
    ProcessorState,
    ReadBack,
    Reason,
    ServiceName,
)


def _read_scope(text: str) -> str | tuple[str, ...]:
    """Read everything, or names of services."""
    return EVERYTHING if text == _EVERYTHING else read_services(text)


def _read_ids(text: str) -> tuple[UUID, ...]:
    """Read at least one id, and not too many."""
    ids = text[2:-2].split('","')
    if not ids[0] or len(ids) > MAX_IDS:
        raise ValueError
    return tuple(map(read_id, ids))


_EVERYTHING = f'"{EVERYTHING}"'
Scope = Annotated[
    Literal["everything"] | Services,
    Spelling(f"(?:{_EVERYTHING}|{SERVICES.form})", _read_scope, quoted=False),
]
Ids = Annotated[
    tuple[UUID, ...],
    Field(min_length=1, max_length=MAX_IDS),
    Spelling(list_of(spelling_of(UUID)), _read_ids, quoted=False),
]


class OfRequest(Message):
    """A message of the saga of one request; its subject is the request."""

    topic: ClassVar[Topic] = ERASURE
    about: ClassVar[tuple[str, ...]] = ("request_id",)
    request_id: UUID


class OfReceipt(Message):
    """A message about a receipt; its subject is the request, or the receipt where nobody asked."""

    topic: ClassVar[Topic] = ERASURE
    about: ClassVar[tuple[str, ...]] = ("request_id", "receipt_id")
    receipt_id: UUID
    request_id: UUID | None


class ErasureRequested(OfRequest):
    """A person whose identity was checked asked to be erased (GDPR Art. 17(1)).

    Every participant answers with one `SliceErased` for the same `request_id`, also when it
    holds nothing: silence is never an answer. `cutoff` is when identity was checked: later
    relationships are a stranger's. `due_at` by Art. 12(3). `person_commitment` is
    HMAC-SHA256(nonce, request id); the nonce stays with the origin and ends with the alias.
    """

    type: ClassVar[MessageType] = MessageType.ERASURE_REQUESTED
    origin: ServiceName
    scope: Scope
    participants: Services
    register_version: Number
    cutoff: Time
    received_at: Time
    due_at: Time
    identity: Identity
    person_commitment: Sha256

    def speaks_for(self, service: str) -> bool:
        """Only the origin opens a request, and most origins only for their own slice."""
        return service == self.origin and (service in ANY_SCOPE_ORIGINS or self.scope == (service,))

    def covers(self, service: str) -> bool:
        """Say whether the person's ticks cover this service; the scope is never expanded."""
        return self.scope == EVERYTHING or service in self.scope


class SagaExtended(OfRequest):
    """Services that a later register names are participants of this request too."""

    type: ClassVar[MessageType] = MessageType.SAGA_EXTENDED
    register_version: Number
    participants: Services


class SagaReminded(OfRequest):
    """A participant owes its answer: it sends its stored receipt again, or tries now."""

    type: ClassVar[MessageType] = MessageType.SAGA_REMINDED
    service: ServiceName
    reminder: Number


class Receipt(OfReceipt):
    """What a slice says it did; decided and stored once, in the transaction that erased.

    `rows` counts deleted rows by table; `closed_root` is the RFC 6962 root over the sorted
    16-byte ids of the closed subjects; `covered_until` is up to when relationships are covered.
    `recipients` are those outside who are told that it ended (Art. 19), where a person asked.
    """

    reason: Reason
    outcome: Outcome
    rows: Rows
    closed_count: Count
    closed_root: Sha256
    inventory_sha256: Sha256
    policy_version: PolicyVersion
    covered_until: Time
    erased_at: Time
    held: Holds = ()
    recipients: Recipients = ()

    @model_validator(mode="after")
    def _says_what_it_did(self) -> Self:
        """Zero rows never become `deleted`, and a failure is no receipt."""
        did = sum(self.rows.values()) + self.closed_count
        if (
            self.outcome is Outcome.FAILED
            or (self.outcome is Outcome.DELETED and not did)
            or (self.outcome is Outcome.HELD_NOTHING and (did or self.held))
            or (self.outcome is Outcome.HELD) != bool(self.held)
            or (self.request_id is None) == (self.reason is Reason.REQUESTED)
            or (self.request_id is None and self.recipients)
        ):
            raise ValueError
        return self


class SliceErased(Receipt):
    """The first answer of a participant to a request, or the receipt of a batch nobody asked for.

    The first one of a request and service wins for ever; sent again, it is the same bytes.
    """

    type: ClassVar[MessageType] = MessageType.SLICE_ERASED

    @property
    def attempt(self) -> int:
        """The first answer is attempt 0."""
        return 0


class SliceReerased(Receipt):
    """Work done again: after a restored backup, or because the verifier still found something."""

    type: ClassVar[MessageType] = MessageType.SLICE_REERASED
    attempt: Number


class SliceFailed(OfRequest):
    """A participant could not act. This is no receipt: the saga stays open."""

    type: ClassVar[MessageType] = MessageType.SLICE_FAILED
    error: ErrorName


class SliceVerified(OfReceipt):
    """A read-back by another process with another key: how much is left of what was receipted.

    `receipt_sha256` is of the receipt's line as sent; `attempt` is the receipt's.
    """

    type: ClassVar[MessageType] = MessageType.SLICE_VERIFIED
    service: ServiceName
    receipt_sha256: Sha256
    attempt: Count
    remaining: Count
    method: ReadBack
    verified_at: Time

    def speaks_for(self, service: str) -> bool:
        """Refuse a verifier of another service: it looks at one only."""
        return service == self.service


class SliceScanned(Message):
    """Every column of a slice was searched for these requests, and nothing was left in it.

    What a look at once leaves out (large columns without an index, JSON, arrays, bytes) is looked
    through for many requests together; an origin forgets what a request was about only after it.
    """

    type: ClassVar[MessageType] = MessageType.SLICE_SCANNED
    topic: ClassVar[Topic] = ERASURE
    about: ClassVar[tuple[str, ...]] = ("scan_id",)
    scan_id: UUID
    service: ServiceName
    request_ids: Ids
    scanned_at: Time

    def speaks_for(self, service: str) -> bool:
        """Refuse a verifier of another service."""
        return service == self.service


class SubjectsClosed(OfReceipt):
    """Ids a slice closed, so that a restored backup closes them again; part `number` of `of`."""

    topic: ClassVar[Topic] = CLOSED
    type: ClassVar[MessageType] = MessageType.SUBJECTS_CLOSED
    attempt: Count
    number: Number
    of: Number
    subject_ids: Ids


class ErasureCertified(OfRequest):
    """Every participant answered and was verified; the digest is of the DSSE envelope's bytes."""

    type: ClassVar[MessageType] = MessageType.ERASURE_CERTIFIED
    certificate_sha256: Sha256
    outcome: CertificateOutcome
    log_index: Count | None
    certified_at: Time


class AliasesDestroyed(OfRequest):
    """The origin forgot what the request was about: the last word of a saga."""

    type: ClassVar[MessageType] = MessageType.ALIASES_DESTROYED
    count: Count
    remaining: Count


class ProcessorAnswered(OfRequest):
    """A recipient outside, named by this slice's receipt, answered for good (GDPR Art. 19).

    Said once for each request and recipient; `reason` stands beside `impossible` alone.
    """

    type: ClassVar[MessageType] = MessageType.PROCESSOR_ANSWERED
    recipient: RecipientName
    state: ProcessorState
    reason: Impossible | None
    answered_at: Time

    @model_validator(mode="after")
    def _is_an_answer(self) -> Self:
        impossible = self.state is ProcessorState.IMPOSSIBLE
        if self.state is ProcessorState.TOLD or impossible is (self.reason is None):
            raise ValueError
        return self


class HoldEnded(OfRequest):
    """What this slice's receipt named as held is deleted, now that its day has come."""

    type: ClassVar[MessageType] = MessageType.HOLD_ENDED
    ground: Ground
    reference: LegalReference
    until: Time
    rows: Number
    ended_at: Time

    @model_validator(mode="after")
    def _is_not_early(self) -> Self:
        if self.ended_at < self.until:
            raise ValueError
        return self
