"""A whole history in a file: what a topic holds after so many sagas, without the weeks they take.

Every byte is as our processes write it: requests, receipts, read-backs, scans, certificates and
ends, each signed by the key whose word it is, in transactions and records of the size that mass
erasure has, and the log's head over them. Only the people are missing.

`python -m bench.history SAGAS FOLDER` writes `topic.ndjson`, `trust.json` and `checkpoint`.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

from bench.topic_file import Writer, trust_of
from contracts.certificate import certify
from contracts.identifiers import uuid7
from contracts.messages import (
    AliasesDestroyed,
    ErasureCertified,
    ErasureRequested,
    RegisterPublished,
    SliceErased,
    SliceScanned,
    SliceVerified,
)
from contracts.proof import Signer
from contracts.topics import ERASURE_SERVICE, ROOT
from contracts.vocabulary import CertificateOutcome, Identity, Outcome, ReadBack, Reason, Role
from services.erasure import facts, rules
from services.erasure.facts import Fact
from services.erasure.statement import Stated, Written, issue, state

SLICES = ("newsletter", "rights")
ORIGIN = "rights"
BATCH = 500  # sagas that go through together
DUE = timedelta(days=30)
STATED = Stated(
    controller={"name": "Example Ltd"},
    parameters={
        name: timedelta(days=30) for name in ("SCRUB_INTERVAL", "BACKUP_HORIZON", "CERT_MAIL_TTL")
    },
)


def write(folder: Path, sagas: int, advance: Callable[[int], None]) -> int:
    """Write a history of so many certified and ended sagas; gives how many lines it has."""
    began = datetime.now(UTC)
    signers = [Signer(service, role, os.urandom(32)) for service, role in _everybody()]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trust.json").write_bytes(trust_of(signers, began))
    with (folder / "topic.ndjson").open("wb") as file:
        writer = Writer(file, signers, began)
        register = RegisterPublished(version=1, participants=SLICES)
        lines = len(writer.say(writer.signer(ERASURE_SERVICE), [register]))
        for start in range(0, sagas, BATCH):
            lines += _batch(writer, min(BATCH, sagas - start))
            advance(min(start + BATCH, sagas))
        (folder / "checkpoint").write_bytes(writer.finish())
    return lines


def _batch(writer: Writer, count: int) -> int:
    """Take so many requests from their opening to their end; gives the number of lines."""
    opened = [_request(writer.now) for _ in range(count)]
    said = writer.say(writer.signer(ORIGIN), opened)
    known: list[list[Fact]] = [
        [facts.requested(message, place, _digest(line), ORIGIN)]
        for message, (place, line) in zip(opened, said, strict=True)
    ]
    lines = count
    for service in SLICES:
        answers = _answers(writer, service, opened)
        for of_saga, more in zip(known, answers, strict=True):
            of_saga.extend(more)
        lines += 2 * count
    _certify(writer, opened, known)
    ids = tuple(message.request_id for message in opened)
    for service in SLICES:
        scan = SliceScanned(
            scan_id=uuid4(), service=service, request_ids=ids, scanned_at=writer.now
        )
        lines += len(writer.say(writer.signer(service, Role.VERIFIER), [scan]))
    ends = [AliasesDestroyed(request_id=one, count=1, remaining=0) for one in ids]
    return lines + count + len(writer.say(writer.signer(ORIGIN), ends))


def _request(now: datetime) -> ErasureRequested:
    return ErasureRequested(
        request_id=uuid7(),
        origin=ORIGIN,
        scope="everything",
        participants=SLICES,
        register_version=1,
        cutoff=now,
        received_at=now,
        due_at=now + DUE,
        identity=Identity.ATTESTED,
        person_commitment=os.urandom(32).hex(),
    )


def _answers(
    writer: Writer, service: str, opened: Sequence[ErasureRequested]
) -> Iterator[tuple[Fact, Fact]]:
    """Let a slice answer all requests and its verifier look; gives both facts of each."""
    receipts = [_receipt(message, writer.now) for message in opened]
    said = writer.say(writer.signer(service), receipts)
    verifier = writer.signer(service, Role.VERIFIER)
    looks = [
        _read_back(service, receipt, line, writer.now)
        for receipt, (_, line) in zip(receipts, said, strict=True)
    ]
    seen = writer.say(verifier, looks)
    for receipt, look, (place, line), (at, raw) in zip(receipts, looks, said, seen, strict=True):
        yield (
            facts.receipt(receipt, place, _digest(line), service),
            facts.read_back(look, at, _digest(raw), service, verifier.key_id),
        )


def _receipt(message: ErasureRequested, now: datetime) -> SliceErased:
    return SliceErased(
        receipt_id=uuid4(),
        request_id=message.request_id,
        reason=Reason.REQUESTED,
        outcome=Outcome.DELETED,
        rows={"consent": 2, "subject": 1, "subscriber": 1},
        closed_count=1,
        closed_root=os.urandom(32).hex(),
        inventory_sha256=_digest(b"inventory"),
        policy_version="1.0",
        covered_until=message.cutoff,
        erased_at=now,
    )


def _read_back(service: str, receipt: SliceErased, line: bytes, now: datetime) -> SliceVerified:
    return SliceVerified(
        receipt_id=receipt.receipt_id,
        request_id=receipt.request_id,
        service=service,
        receipt_sha256=_digest(line),
        attempt=0,
        remaining=0,
        method=ReadBack.IDS_AND_ADDRESSES,
        verified_at=now,
    )


def _certify(
    writer: Writer, opened: Sequence[ErasureRequested], known: Sequence[Sequence[Fact]]
) -> None:
    """Certify sagas as the certifier does: reduced, signed, put into the log, told."""
    signer, now = writer.signer(ERASURE_SERVICE), writer.now
    issued = issue(now, STATED)
    digests = [
        sha256(_certificate(message.request_id, some, now, issued, signer)).digest()
        for message, some in zip(opened, known, strict=True)
    ]
    first = writer.log(digests)
    writer.say(
        signer,
        [
            ErasureCertified(
                request_id=message.request_id,
                certificate_sha256=digest.hex(),
                outcome=CertificateOutcome.COMPLETE,
                log_index=first + number,
                certified_at=now,
            )
            for number, (message, digest) in enumerate(zip(opened, digests, strict=True))
        ],
    )


def _certificate(
    request_id: UUID, some: Sequence[Fact], now: datetime, issued: Written, signer: Signer
) -> bytes:
    saga = rules.reduce(some)
    request = some[0]
    return certify(state(request_id, saga, now, issued), request.digest, signer)


def _everybody() -> Iterator[tuple[str, Role]]:
    yield ROOT, Role.ROOT
    for service in (*SLICES, ERASURE_SERVICE):
        yield service, Role.SERVICE
    for service in SLICES:
        yield service, Role.VERIFIER
    yield ERASURE_SERVICE, Role.LOG


def _digest(raw: bytes) -> str:
    return sha256(raw).hexdigest()


def main(arguments: Sequence[str]) -> None:
    """Write a history and say how long it took."""
    count, folder = int(arguments[0]), Path(arguments[1])
    began = time.monotonic()
    lines = write(folder, count, lambda _: None)
    sys.stderr.write(f"{lines} lines of {count} sagas in {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main(sys.argv[1:])
