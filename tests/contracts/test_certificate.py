"""A certificate comes back from its bytes, and only what the erasure service signed is one."""

import base64
import hmac
from dataclasses import replace
from hashlib import sha256

import orjson
import pytest
from pydantic import ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from contracts.bundle import Bundle, evidence, make_bundle, verifier_sha256
from contracts.certificate import (
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    Predicate,
    certificate_digest,
    certify,
    person_commitment,
    read_certificate,
)
from contracts.envelope import close_envelope, pae
from contracts.errors import BadCertificate, BadInput, BadProof
from contracts.proof import Signer, seal
from contracts.trust import KeyRing, Trust
from contracts.vocabulary import CertificateOutcome
from tests.contracts.samples import GRANTED, REQUEST, RETAINED, digest, record_of, signer
from tests.contracts.story import (
    ALL,
    NONCE,
    Story,
    extended,
    story,
    told,
    trusted,
    with_receipt,
)

ERASURE = signer("erasure")
RING = KeyRing(Trust.from_json(trusted(*ALL)))


def _certified(of: Story, by: Signer = ERASURE) -> bytes:
    checked = Predicate.model_validate(of.predicate().model_dump())
    return certify(checked.model_dump(by_alias=True), sha256(of.request.line).hexdigest(), by)


def _payload(envelope: bytes) -> bytes:
    return base64.b64decode(orjson.loads(envelope)["payload"])


ENVELOPE = _certified(story())


def test_a_certificate_comes_back_from_its_bytes() -> None:
    said, key = read_certificate(ENVELOPE, RING.find)

    assert said.predicate == Predicate.model_validate(story().predicate().model_dump())
    assert (key.service, key.key_id) == ("erasure", ERASURE.key_id)
    assert certificate_digest(ENVELOPE) == sha256(ENVELOPE).hexdigest()
    assert _certified(story()) == ENVELOPE, "the same statement gives the same bytes"


def test_the_bytes_are_those_that_the_model_writes() -> None:
    for of in (story(), with_receipt(told(RETAINED, signer())), extended("events")):
        envelope = _certified(of)
        said, _ = read_certificate(envelope, RING.find)
        written = orjson.dumps(said.model_dump(by_alias=True), option=orjson.OPT_UTC_Z)

        assert written == _payload(envelope)


def test_it_is_an_in_toto_statement_about_lines_as_sent() -> None:
    said = orjson.loads(_payload(ENVELOPE))

    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == PREDICATE_TYPE
    assert [one["name"] for one in said["subject"]] == [
        "erasure-request",
        "receipt/newsletter",
        "receipt/rights",
    ]
    assert said["predicate"]["participants"][0]["readBack"]["remaining"] == 0
    assert "ada" not in ENVELOPE.decode()


def test_securesystemslib_verifies_it() -> None:
    envelope = Envelope.from_dict(orjson.loads(ENVELOPE))
    key = SSlibKey(ERASURE.key_id, "ed25519", "ed25519", {"public": ERASURE.public.hex()})

    assert envelope.verify([key], 1) == {ERASURE.key_id: key}
    assert envelope.pae() == pae(PAYLOAD_TYPE, _payload(ENVELOPE))
    assert orjson.dumps(envelope.to_dict()) == ENVELOPE, "it would write the same bytes"


def test_only_the_erasure_services_key_certifies() -> None:
    with pytest.raises(BadCertificate):
        read_certificate(_certified(story(), signer("rights")), RING.find)
    with pytest.raises(BadProof):
        read_certificate(_certified(story(), signer("nobody")), RING.find)
    bent = orjson.loads(ENVELOPE)
    bent["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    with pytest.raises(BadProof):
        read_certificate(orjson.dumps(bent), RING.find)


def test_subjects_and_participants_are_the_same() -> None:
    payload = orjson.loads(_payload(ENVELOPE))
    payload["subject"][1]["digest"]["sha256"] = digest("another")
    forged = close_envelope(PAYLOAD_TYPE, orjson.dumps(payload), ERASURE)

    with pytest.raises(BadInput):
        read_certificate(forged, RING.find)


def test_a_predicate_that_contradicts_itself_cannot_be_made() -> None:
    said = story().predicate().model_dump()
    held = with_receipt(told(RETAINED, signer())).predicate().model_dump()
    contradictions = [
        {**said, "outcome": CertificateOutcome.COMPLETE_WITH_RETENTION},
        {**held, "outcome": CertificateOutcome.COMPLETE},
        {**said, "participants": said["participants"][::-1]},
        {**said, "participants": said["participants"][:1] * 2},
        {**said, "participants": ()},
    ]

    for contradiction in contradictions:
        with pytest.raises(ValidationError):
            Predicate.model_validate(contradiction)


def test_a_bundle_comes_back_from_its_file() -> None:
    bundle = story().bundle()

    assert Bundle.from_json(bundle.to_json()) == bundle
    assert bundle.file_name == f"certificate-{str(REQUEST)[-8:]}.expunge.json"
    assert bundle.verifier.sha256 == verifier_sha256()
    for bad in (b"", b"[]", b"{}", bundle.to_json()[:-10]):
        with pytest.raises(BadCertificate):
            Bundle.from_json(bad)


def test_evidence_is_of_the_erasure_topic_and_a_nonce_has_32_bytes() -> None:
    record = record_of(GRANTED)
    (proof,) = seal([record], signer())
    with pytest.raises(BadCertificate):
        evidence(record, proof, 0)

    true = story()
    with pytest.raises(BadCertificate):
        make_bundle(
            ENVELOPE,
            request=true.request,
            receipts=[],
            read_backs=[],
            trust=true.trust,
            nonce=b"short",
        )


def test_a_bundle_holds_no_other_line_of_the_records() -> None:
    data = replace(story(), nonce=None).bundle().to_json()
    others = [b"first", b"third"]

    assert all(base64.b64encode(other) not in data for other in others)


def test_a_commitment_can_be_worked_out_with_openssl_too() -> None:
    expected = hmac.new(NONCE, b"0195652e-5c00-7000-8000-000000000001", "sha256").hexdigest()

    assert person_commitment(NONCE, REQUEST) == expected
    assert person_commitment(NONCE[::-1], REQUEST) != expected
