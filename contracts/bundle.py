"""The bundle a person keeps: certificate, signed lines it rests on, keys. One JSON file.

A bundle holds the lines it needs and the paths to their signatures, never other people's lines.
It is checked offline by `verify_bundle.py`, which is one file and imports nothing of this.
"""

import base64
import binascii
from collections.abc import Sequence
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

import orjson
from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError

from contracts.certificate import NONCE_BYTES, Part
from contracts.errors import BadCertificate, BadInput
from contracts.fields import MAX_SERVICES, Count, KeyId, Number, Sha256
from contracts.merkle import path
from contracts.messages import parse
from contracts.proof import MAX_PATH, Proof, Record
from contracts.strict_json import load_object
from contracts.vocabulary import MessageType

FORMAT = "expunge-bundle/v1"
SUFFIX = ".expunge.json"
MAX_LOG_PROOF = 16 * 1024
MAX_SUPPLEMENTS = 1_000  # answers of recipients, ends of holds, and the origin's last word
MAX_BUNDLE_BYTES = 16 * 1024 * 1024
VERIFIER = Path(__file__).with_name("verify_bundle.py")


def _decoded(text: object) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else text
    except binascii.Error:
        raise ValueError from None
    if not isinstance(raw, bytes):
        raise ValueError  # noqa: TRY004 - pydantic wants a ValueError
    return raw


Bytes = Annotated[
    bytes, BeforeValidator(_decoded), PlainSerializer(lambda raw: base64.b64encode(raw).decode())
]
LogText = Annotated[str, Field(max_length=MAX_LOG_PROOF)]
Way = Annotated[tuple[Sha256, ...], Field(max_length=MAX_PATH)]


class Evidence(Part):
    """One line as sent, and the way from it to the signature of its transaction.

    `offset` is where its record stands in its partition, as the issuer read it: unsigned, it
    decides nothing but whether a line stood before its key was revoked.
    """

    line: Bytes
    line_index: Count
    line_count: Number
    line_path: Way
    topic: Literal["erasure.v1"]
    partition: Count
    type: MessageType
    record_index: Count
    record_count: Number
    record_path: Way
    key_id: KeyId
    signature: Bytes
    offset: Count | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the line, in hex: what certificates and read-backs call it by."""
        return sha256(self.line).hexdigest()


class Supplement(Evidence):
    """A line that was said since the certificate; `log_proof`: that its transaction is in the log.

    The log has it a little later than the topic, and an old bundle has no such proof.
    """

    log_proof: LogText | None = None


def evidence(record: Record, proof: Proof, line: int, offset: int | None = None) -> Evidence:
    """Take one line out of a record, provable alone. Raises BadCertificate for a foreign topic."""
    try:
        return Evidence(
            line=record.lines[line],
            line_index=line,
            line_count=len(record.lines),
            line_path=tuple(way.hex() for way in path(record.leaves, line)),
            topic=record.topic,
            partition=record.partition,
            type=MessageType(record.type),
            record_index=proof.index,
            record_count=proof.count,
            record_path=tuple(way.hex() for way in proof.siblings),
            key_id=proof.key_id,
            signature=proof.signature,
            offset=offset,
        )
    except ValueError:
        raise BadCertificate from None


class Verifier(Part):
    """Which verifier was current when the bundle was made."""

    file: Literal["verify_bundle.py"] = "verify_bundle.py"
    sha256: Sha256


Lines = Annotated[tuple[Evidence, ...], Field(max_length=MAX_SERVICES)]
Supplements = Annotated[tuple[Supplement, ...], Field(max_length=MAX_SUPPLEMENTS)]


class Bundle(Part):
    """Everything needed to check a certificate without asking anybody.

    `certificate` and `trust` are the bytes of the envelope and of `trust.json`. The `nonce`, in
    hex, goes only to the person, with the mailed bundle. `supplements` is what was said since the
    certificate, as far as there was any when the bundle was made. `log_proof` is
    c2sp.org/tlog-proof; what
    was certified before there was a log has none.
    """

    format: Literal["expunge-bundle/v1"] = "expunge-bundle/v1"
    certificate: Bytes
    request: Evidence
    extensions: Lines = ()
    receipts: Lines
    read_backs: Lines
    supplements: Supplements = ()
    trust: Bytes
    nonce: Sha256 | None = None
    log_proof: LogText | None = None
    verifier: Verifier

    def to_json(self) -> bytes:
        """Bytes of the file, indented so that a person can look inside."""
        return orjson.dumps(
            self.model_dump(by_alias=True, mode="json"),
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        )

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a bundle's layout; nothing is verified. Raises BadCertificate."""
        try:
            return cls.model_validate(load_object(data, MAX_BUNDLE_BYTES), by_name=False)
        except (BadInput, ValidationError):
            raise BadCertificate from None

    @property
    def file_name(self) -> str:
        """Name of the file: the certificate's request, shortened to what is random in its id."""
        request_id = parse(self.request.line).subject
        return f"certificate-{request_id.replace('-', '')[-8:]}{SUFFIX}"


@lru_cache(maxsize=1)
def verifier_sha256() -> str:
    """SHA-256 of the shipped verifier's source, in hex."""
    return sha256(VERIFIER.read_bytes()).hexdigest()


def make_bundle(
    certificate: bytes,
    *,
    request: Evidence,
    extensions: Sequence[Evidence] = (),
    receipts: Sequence[Evidence],
    read_backs: Sequence[Evidence],
    supplements: Sequence[Evidence] = (),
    trust: bytes,
    nonce: bytes | None = None,
    log_proof: str | None = None,
) -> Bundle:
    """Put a bundle together: one receipt and one read-back for each participant.

    `certificate` is the envelope, `trust` the bytes of `trust.json`. Raises BadCertificate if
    the nonce is not 32 bytes.
    """
    if nonce is not None and len(nonce) != NONCE_BYTES:
        raise BadCertificate
    return Bundle(
        certificate=certificate,
        request=request,
        extensions=tuple(extensions),
        receipts=tuple(receipts),
        read_backs=tuple(read_backs),
        supplements=tuple(map(_supplement, supplements[:MAX_SUPPLEMENTS])),
        trust=trust,
        nonce=None if nonce is None else nonce.hex(),
        log_proof=log_proof,
        verifier=Verifier(sha256=verifier_sha256()),
    )


def _supplement(line: Evidence) -> Supplement:
    return line if isinstance(line, Supplement) else Supplement(**dict(line))
