"""One erasure from request to bundle, with parts that a test can exchange for false ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from contracts.bundle import Bundle, Evidence, evidence, make_bundle
from contracts.certificate import (
    Issuer,
    Participant,
    Place,
    Predicate,
    Processor,
    SeenBy,
    Software,
    certify,
    person_commitment,
)
from contracts.merkle import leaf_hash, path, root, root_from_path
from contracts.messages import (
    ErasureRequested,
    Held,
    Message,
    SagaExtended,
    SliceErased,
    SliceVerified,
)
from contracts.proof import Record, Signer, seal, signed_bytes
from contracts.records import fields
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.entries import Kind, of_certificate
from contracts.trust import Trust, TrustedKey
from contracts.vocabulary import CertificateOutcome, Outcome, ProcessorState, ReadBack, Role
from tests.contracts.samples import (
    ERASED,
    NOW,
    REQUEST,
    REQUESTED,
    digest,
    line_of,
    signer,
)

NONCE = bytes(range(32))
ROOT = signer("root", Role.ROOT)
SERVICES = ("newsletter", "rights")
OFFSET = 4710  # of every line
OFFSETS = {"newsletter": 4711, "rights": 4712}
RECEIPTS = {
    name: UUID(int=0x0195652E << 96 | 7 << 76 | 2 << 62 | at) for at, name in enumerate(SERVICES)
}
ISSUER = Issuer(
    physical_erasure_by=NOW + timedelta(days=1),
    controller={"name": "Example Company", "dataProtectionOfficer": "privacy@example.org"},
    policy_version="1.0",
    parameters={"DOI_TTL": "48 h"},
    software=Software(version="0.1.0", source=f"sha256:{digest('source')}"),
)


def trusted(*signers: Signer, **changes: Any) -> bytes:
    """Write a trust.json that names these keys."""
    keys = tuple(
        TrustedKey.model_validate(
            {
                "key_id": one.key_id,
                "service": one.service,
                "role": one.role,
                "public_key": one.public.hex(),
                "not_before": NOW - timedelta(days=1),
                **changes,
            }
        )
        for one in signers
    )
    return Trust(root=ROOT.public.hex(), keys=keys).to_json(ROOT)


ALL = [
    signer(name, role)
    for name in (*SERVICES, "erasure", "events")
    for role in (Role.SERVICE, Role.VERIFIER)
]
LOG = signer("erasure", Role.LOG)
ALL.append(LOG)
ORIGIN = "log.example.org/erasure"


def logged(entry: bytes, *, by: Signer = LOG, at: int = 3) -> str:
    """Prove that an entry stands at a place of a log of seven."""
    entries = [of_certificate(bytes([number]) * 32) for number in range(7)]
    entries[at] = entry
    hashes = list(map(leaf_hash, entries))
    head = Checkpoint(ORIGIN, len(hashes), root(hashes)).sign(by)
    return LogProof(at, path(hashes, at), head).text()


def told(
    message: Message,
    by: Signer,
    *,
    source: str | None = None,
    among: int = 3,
    partition: int = 0,
    bend: Callable[[bytes], bytes] = lambda line: line,
) -> Evidence:
    """Tell a message as the second line of a record in a transaction of three records."""
    line = bend(line_of(message, source or by.service))
    others = [line_of(message, source or by.service, number) for number in range(1, among)]
    lines = (others[0], line, *others[1:]) if others else (line,)
    kind = orjson.loads(line)["type"].removeprefix("dev.expunge.").removesuffix(".v1")
    records = [
        Record("erasure.v1", partition, kind, None, of) for of in ((b"first",), lines, (b"third",))
    ]
    return evidence(records[1], seal(records, by)[1], min(1, len(lines) - 1), OFFSET)


def leaf_of(line: Evidence, by: Signer) -> bytes:
    """Work out which entry the log has for a line's transaction."""
    of_line = leaf_hash(line.line)
    top = root_from_path(of_line, line.line_index, line.line_count, _raw(line.line_path))
    count = str(line.line_count).encode()
    where = (line.topic.encode(), b"%d" % line.partition, line.type.encode(), b"", count, top)
    record = fields(b"expunge-record/v1", *where)
    top = root_from_path(
        leaf_hash(record), line.record_index, line.record_count, _raw(line.record_path)
    )
    signed = signed_bytes(by.service, by.role, by.key_id, line.record_count, top)
    return Kind.TRANSACTION.value + sha256(signed).digest()


def _raw(way: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in way]


def requested(**changes: Any) -> ErasureRequested:
    """Make the request, with a commitment that fits the nonce."""
    said = {"person_commitment": person_commitment(NONCE, REQUEST), **changes}
    return REQUESTED.model_copy(update=said)


def erased(service: str, **changes: Any) -> SliceErased:
    """Make a service's receipt."""
    return ERASED.model_copy(update={"receipt_id": RECEIPTS[service], **changes})


def verified(service: str, receipt: Evidence, **changes: Any) -> SliceVerified:
    """Make the read-back of a receipt."""
    said = data_of(receipt)
    return SliceVerified.model_validate(
        {
            "receipt_id": said["receipt_id"],
            "request_id": said["request_id"],
            "service": service,
            "receipt_sha256": receipt.digest,
            "attempt": said.get("attempt", 0),
            "remaining": 0,
            "method": ReadBack.IDS_AND_ADDRESSES,
            "verified_at": NOW,
            **changes,
        }
    )


def data_of(one: Evidence) -> dict[str, Any]:
    """Read what a line says, also where no honest service would say it."""
    data: dict[str, Any] = orjson.loads(one.line)["data"]
    return data


def recipients_of(receipt: Evidence) -> list[str]:
    """Give whom a receipt names; releases before this one did not say."""
    found: list[str] = data_of(receipt).get("recipients", [])
    return found


@dataclass(frozen=True)
class Story:
    """What a bundle is made of."""

    request: Evidence
    receipts: Mapping[str, Evidence]
    read_backs: Mapping[str, Evidence]
    extensions: tuple[Evidence, ...] = ()
    supplements: tuple[Evidence, ...] = ()
    trust: bytes = trusted(*ALL)
    nonce: bytes | None = NONCE
    by: Signer = field(default_factory=lambda: signer("erasure"))
    edit: Callable[[Predicate], Predicate] = lambda predicate: predicate

    def predicate(self) -> Predicate:
        """Say what the lines say, however false they are."""
        request = ErasureRequested.model_validate(data_of(self.request))
        participants = tuple(self.participant(name) for name in sorted(self.receipts))
        held = any(one.held for one in participants)
        told = sorted({name for one in self.receipts.values() for name in recipients_of(one)})
        return Predicate.model_construct(
            **dict(ISSUER),
            request_id=request.request_id,
            person_commitment=request.person_commitment,
            received_at=request.received_at,
            identity_checked_at=request.cutoff,
            cutoff=request.cutoff,
            due_at=request.due_at,
            completed_at=NOW + timedelta(seconds=1),
            outcome=CertificateOutcome.COMPLETE_WITH_RETENTION
            if held
            else CertificateOutcome.COMPLETE,
            participants=participants,
            processors=tuple(Processor(recipient=name, state=ProcessorState.TOLD) for name in told),
        )

    def participant(self, service: str) -> Participant:
        """Say what a service's receipt and read-back say."""
        receipt, back = self.receipts[service], self.read_backs.get(service)
        said = data_of(receipt)
        return Participant.model_construct(
            service=service,
            register_version=1 if service in data_of(self.request)["participants"] else 2,
            outcome=Outcome(said["outcome"]),
            attempt=said.get("attempt", 0),
            rows=said["rows"],
            read_back=SeenBy(
                method=data_of(back)["method"] if back else ReadBack.IDS,
                remaining=0,
                by=back.key_id if back else "0" * 32,
            ),
            held=tuple(Held.model_validate(one) for one in said["held"]),
            topic=Place(partition=0, offset=OFFSETS.get(service, 1), line=receipt.line_index),
            receipt=f"sha256:{receipt.digest}",
        )

    def bundle(self) -> Bundle:
        """Certify and put the bundle together, without the checks of an honest issuer."""
        predicate = self.edit(self.predicate())
        request_sha256 = sha256(self.request.line).hexdigest()
        envelope = certify(predicate.model_dump(by_alias=True), request_sha256, self.by)
        return make_bundle(
            envelope,
            request=self.request,
            extensions=self.extensions,
            receipts=list(self.receipts.values()),
            read_backs=list(self.read_backs.values()),
            supplements=self.supplements,
            trust=self.trust,
            nonce=self.nonce,
            log_proof=logged(of_certificate(sha256(envelope).digest())),
        )


def story() -> Story:
    """Tell a true story: two services deleted, two verifiers found nothing."""
    receipts = {name: told(erased(name), signer(name)) for name in SERVICES}
    return Story(
        request=told(requested(), signer("rights")),
        receipts=receipts,
        read_backs={
            name: told(verified(name, receipts[name]), signer(name, Role.VERIFIER))
            for name in SERVICES
        },
    )


def with_receipt(receipt: Evidence, **read_back: Any) -> Story:
    """Exchange the newsletter's receipt, with a fresh read-back that fits it."""
    true = story()
    back = told(verified("newsletter", receipt, **read_back), signer("newsletter", Role.VERIFIER))
    return replace(
        true,
        receipts={**true.receipts, "newsletter": receipt},
        read_backs={**true.read_backs, "newsletter": back},
    )


def extended(*services: str, by: Signer | None = None, of: UUID = REQUEST) -> Story:
    """Add services of register version 2 that answered too."""
    true = story()
    more = SagaExtended(request_id=of, register_version=2, participants=services)
    receipts = dict(true.receipts)
    backs = dict(true.read_backs)
    for name in services:
        receipts[name] = told(
            ERASED.model_copy(
                update={"outcome": Outcome.HELD_NOTHING, "rows": {}, "closed_count": 0}
            ),
            signer(name),
        )
        backs[name] = told(verified(name, receipts[name]), signer(name, Role.VERIFIER))
    return replace(
        true,
        extensions=(told(more, by or signer("erasure")),),
        receipts=receipts,
        read_backs=backs,
    )
