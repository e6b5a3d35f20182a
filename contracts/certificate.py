"""The certificate: an in-toto Statement v1 about one request, in a DSSE envelope.

Its subjects are digests of lines as sent: the request, and each participant's receipt. The person
is not a subject; `personCommitment` is all that leads to them, for whoever holds the nonce.
The predicate type is a name; nothing is fetched from it.
"""

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import orjson
from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from contracts.envelope import FindKey, close_envelope, open_envelope
from contracts.errors import BadCertificate, BadInput
from contracts.fields import (
    MAX_HELD,
    MAX_RECIPIENTS,
    MAX_SERVICES,
    Count,
    Frozen,
    Held,
    KeyId,
    Number,
    PolicyVersion,
    Rows,
    Sha256,
    Time,
)
from contracts.proof import PublicKey, Signer
from contracts.topics import ERASURE_SERVICE
from contracts.vocabulary import (
    CertificateOutcome,
    Outcome,
    ProcessorState,
    ReadBack,
    Role,
    ServiceName,
)

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://expunge.dev/attestation/erasure-certificate/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
REQUEST_SUBJECT = "erasure-request"
RECEIPT_SUBJECT = "receipt/"
NONCE_BYTES = 32
MAX_NAMED = 100  # entries in each list that the issuer states
MAX_PROCESSORS = MAX_SERVICES * MAX_RECIPIENTS

# What an operator configures: the company, recipients, what is outside. One printable line.
Line = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")]


class Part(Frozen):
    """A part of the certificate; camelCase in JSON, as in-toto writes it."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class SeenBy(Part):
    """A read-back that found nothing: how, and with which verifier's key it is signed."""

    method: ReadBack
    remaining: Literal[0]
    by: KeyId


class Place(Part):
    """Where the receipt stands on the topic. It points; the digest decides."""

    name: Literal["erasure.v1"] = "erasure.v1"
    partition: Count
    offset: Count
    line: Count


class Participant(Part):
    """What one service answered; everything here is in its signed receipt or its read-back."""

    service: ServiceName
    register_version: Number
    outcome: Outcome
    attempt: Count
    rows: Rows
    read_back: SeenBy
    held: Annotated[tuple[Held, ...], Field(max_length=MAX_HELD)] = ()
    topic: Place
    receipt: Digest


class Processor(Part):
    """A recipient outside of this system, whom a receipt names.

    A certificate says `told`; what they answer is a line of its own (`processor-answered`).
    """

    recipient: Line
    state: ProcessorState
    reason: Line | None = None


class OutOfScope(Part):
    """What this certificate does not cover, and when it is gone (None: others decide)."""

    what: Line
    gone_by: Time | None


class Software(Part):
    """What did the work: release, and digest of its source."""

    version: PolicyVersion
    source: Digest


class Issuer(Part):
    """What the issuer states under its own signature alone: no receipt proves it."""

    out_of_scope: Annotated[tuple[OutOfScope, ...], Field(max_length=MAX_NAMED)] = ()
    physical_erasure_by: Time | None
    controller: Annotated[dict[Line, Line], Field(max_length=MAX_NAMED)]
    policy_version: PolicyVersion
    parameters: Annotated[dict[ParameterName, Line], Field(max_length=MAX_NAMED)]
    software: Software


class Predicate(Issuer):
    """What happened to one request. Times are UTC."""

    request_id: UUID
    person_commitment: Sha256
    received_at: Time
    identity_checked_at: Time
    cutoff: Time
    due_at: Time
    completed_at: Time
    outcome: CertificateOutcome
    participants: Annotated[tuple[Participant, ...], Field(min_length=1, max_length=MAX_SERVICES)]
    processors: Annotated[tuple[Processor, ...], Field(max_length=MAX_PROCESSORS)]

    @model_validator(mode="after")
    def _follows_from_its_participants(self) -> Self:
        names = [participant.service for participant in self.participants]
        held = any(participant.held for participant in self.participants)
        retention = self.outcome is CertificateOutcome.COMPLETE_WITH_RETENTION
        if names != sorted(set(names)) or held is not retention:
            raise ValueError
        return self


class DigestSet(Part):
    """A digest as in-toto writes it."""

    sha256: Sha256


class Subject(Part):
    """Something the statement is about: a line as sent, by its digest."""

    name: Line
    digest: DigestSet


class Statement(Part):
    """An in-toto Statement v1 (github.com/in-toto/attestation)."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject, ...]
    predicate_type: Literal["https://expunge.dev/attestation/erasure-certificate/v1"] = (
        PREDICATE_TYPE
    )
    predicate: Predicate

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each subject, in hex, by name."""
        return {subject.name: subject.digest.sha256 for subject in self.subject}


def _subjects(request_sha256: str, receipts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Name what a statement is about, with digests; `receipts` are (service, `sha256:...`)."""
    return [(REQUEST_SUBJECT, request_sha256)] + [
        (RECEIPT_SUBJECT + service, receipt.removeprefix("sha256:"))
        for service, receipt in receipts
    ]


def certify(predicate: Mapping[str, Any], request_sha256: str, signer: Signer) -> bytes:
    """Sign what happened to the request whose line as sent has this SHA-256 (hex).

    `predicate` is written as `Predicate.model_dump(by_alias=True)` writes it, field for field.
    Nothing is validated here: the issuer repeats what validated lines say, and whoever reads the
    certificate validates it. Gives the bytes of the DSSE envelope, which are the certificate.
    """
    receipts = ((each["service"], each["receipt"]) for each in predicate["participants"])
    payload = orjson.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": name, "digest": {"sha256": digest}}
                for name, digest in _subjects(request_sha256, receipts)
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
        },
        option=orjson.OPT_UTC_Z,
    )
    return close_envelope(PAYLOAD_TYPE, payload, signer)


def certificate_digest(envelope: bytes) -> str:
    """SHA-256 of the envelope's bytes, in hex: what `erasure-certified` carries."""
    return sha256(envelope).hexdigest()


def read_certificate(envelope: bytes, find: FindKey) -> tuple[Statement, PublicKey]:
    """Check signature and layout of a certificate; gives the statement and the key that signed.

    Receipts are checked against a bundle, by `verify_bundle.py`. Raises BadCertificate, or
    BadProof if the signature does not hold or the key is not the erasure service's.
    """
    payload, key = open_envelope(envelope, PAYLOAD_TYPE, find)
    try:
        said = Statement.model_validate_json(payload, strict=True, by_name=False)
    except (ValidationError, BadInput):
        raise BadCertificate from None
    digests = said.digests
    receipts = ((each.service, each.receipt) for each in said.predicate.participants)
    if (
        (key.service, key.role) != (ERASURE_SERVICE, Role.SERVICE)
        or REQUEST_SUBJECT not in digests
        or [(subject.name, subject.digest.sha256) for subject in said.subject]
        != _subjects(digests[REQUEST_SUBJECT], receipts)
    ):
        raise BadCertificate
    return said, key


def person_commitment(nonce: bytes, request_id: UUID) -> str:
    """HMAC-SHA256(nonce, request id as 36 characters), in hex.

    The origin makes the nonce (32 random bytes); with it the person can show that a certificate
    is theirs, without it nobody can search for them.
    """
    return hmac.new(nonce, str(request_id).encode(), sha256).hexdigest()
