"""A record is proven by one signature per transaction, alone, and only as what it is."""

import dataclasses
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from contracts import proof as proofs
from contracts.errors import BadProof, BadRecord
from contracts.merkle import leaf_hash, path, root, root_from_path
from contracts.proof import Proof, Record, Roots, Signer, check, fields, record_id, seal
from contracts.vocabulary import Role
from tests.contracts.samples import ERASED, GRANTED, REQUESTED, public, record_of, signer

NEWSLETTER = signer()
KEY = public(NEWSLETTER)


def _transaction(size: int) -> list[Record]:
    return [
        Record("erasure.v1", 0, "slice-erased", None, tuple(b"%d.%d" % (n, i) for i in range(3)))
        for n in range(size)
    ]


@given(st.integers(1, 40))
def test_every_record_of_a_transaction_is_proven_alone(size: int) -> None:
    records = _transaction(size)

    sealed = seal(records, NEWSLETTER)

    assert {proof.signature for proof in sealed} == {sealed[0].signature}
    assert [check(record, proof, KEY) for record, proof in zip(records, sealed, strict=True)] == [
        record_id(record) for record in records
    ]


def test_a_signature_verifies_with_another_implementation() -> None:
    records = _transaction(3)
    proof = seal(records, NEWSLETTER)[1]

    # The layout, written out once more by hand from the description.
    def lp(part: bytes) -> bytes:
        return len(part).to_bytes(4, "big") + part

    def leaf(record: Record) -> bytes:
        lines = root([sha256(b"\x00" + line).digest() for line in record.lines])
        parts = (b"expunge-record/v1", b"erasure.v1", b"0", b"slice-erased", b"", b"3", lines)
        return sha256(b"\x00" + b"".join(map(lp, parts))).digest()

    tx_root = root_from_path(leaf(records[1]), 1, 3, proof.siblings)
    key_id = sha256(NEWSLETTER.public).hexdigest()[:32].encode()
    parts = (b"expunge-tx/v1", b"newsletter", b"service", key_id, b"3", tx_root)
    signed = b"".join(map(lp, parts))

    other = Ed25519PublicKey.from_public_bytes(NEWSLETTER.public)
    other.verify(proof.signature, signed)
    with pytest.raises(InvalidSignature):
        other.verify(proof.signature, signed + b"\x00")


def test_a_signature_made_by_another_implementation_is_accepted() -> None:
    private = Ed25519PrivateKey.from_private_bytes(sha256(b"newsletter/service").digest())
    records = _transaction(1)
    signed = proofs.signed_bytes(
        "newsletter", Role.SERVICE, KEY.key_id, 1, root([record_id(records[0])])
    )

    proof = Proof(KEY.key_id, private.sign(signed), 0, 1, b"", "slice-erased")

    assert check(records[0], proof, KEY) == record_id(records[0])


def test_one_line_is_provable_without_the_others() -> None:
    record = record_of(ERASED, ERASED, ERASED)
    (proof,) = seal([record], NEWSLETTER)

    way = path(record.leaves, 1)
    line_root = root_from_path(leaf_hash(record.lines[1]), 1, 3, way)
    alone = proofs.record_leaf(
        topic=record.topic,
        partition=record.partition,
        type=record.type,
        key=record.key,
        line_count=3,
        line_root=line_root,
    )

    assert alone == check(record, proof, KEY)


FORGED: dict[str, dict[str, Any]] = {
    "another partition": {"partition": 1},
    "another topic": {"topic": "closed.v1"},
    "another type": {"type": "slice-failed"},
    "lines swapped": {"lines": (b"1.1", b"1.0", b"1.2")},
    "a line less": {"lines": (b"1.0", b"1.1")},
    "a line more": {"lines": (b"1.0", b"1.1", b"1.2", b"1.2")},
    "a line changed": {"lines": (b"1.0", b"1.1", b"1.3")},
    "a line joined": {"lines": (b"1.01.1", b"1.2")},
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED.keys())
def test_a_record_is_not_proven_as_anything_else(change: dict[str, Any]) -> None:
    records = _transaction(3)
    proof = seal(records, NEWSLETTER)[1]

    with pytest.raises(BadProof):
        check(records[1]._replace(**change), proof, KEY)


PROOFS: dict[str, dict[str, Any]] = {
    "index of another": {"index": 0},
    "index outside": {"index": 3},
    "more records": {"count": 4},
    "fewer records": {"count": 2},
    "no path": {"path": b""},
    "longer path": {"path": bytes(96)},
    "short hash": {"path": bytes(63)},
    "another key": {"key_id": "0" * 32},
    "empty signature": {"signature": b""},
    "zero signature": {"signature": bytes(64)},
}


@pytest.mark.parametrize("change", PROOFS.values(), ids=PROOFS.keys())
def test_a_changed_proof_does_not_hold(change: dict[str, Any]) -> None:
    records = _transaction(3)
    proof = seal(records, NEWSLETTER)[1]._replace(**change)

    for roots in (None, Roots()):
        with pytest.raises(BadProof):
            check(records[1], proof, KEY, roots)


@pytest.mark.parametrize(
    "change", [{"service": "events"}, {"role": Role.VERIFIER}, {"public": bytes(32)}]
)
def test_a_key_speaks_only_as_what_it_is(change: dict[str, Any]) -> None:
    record = _transaction(1)[0]
    (proof,) = seal([record], NEWSLETTER)

    with pytest.raises(BadProof):
        check(record, proof, dataclasses.replace(KEY, **change))


@given(st.data())
def test_no_flipped_bit_of_signature_or_path_holds(data: st.DataObject) -> None:
    records = _transaction(5)
    headers = dict(seal(records, NEWSLETTER)[2].headers())
    name = data.draw(st.sampled_from(["signature", "path", "index", "count", "key"]))
    bit = data.draw(st.integers(0, len(headers[name]) * 8 - 1))
    flipped = bytearray(headers[name])
    flipped[bit // 8] ^= 1 << (bit % 8)
    headers[name] = bytes(flipped)

    with pytest.raises(BadProof):
        check(records[2], Proof.from_headers(list(headers.items())), KEY)


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_different_fields_never_give_the_same_bytes(one: list[bytes], two: list[bytes]) -> None:
    assert (fields(*one) == fields(*two)) == (one == two)


def test_a_proof_comes_back_from_its_headers() -> None:
    proof = seal(_transaction(5), NEWSLETTER)[3]

    assert Proof.from_headers(proof.headers()) == proof
    assert Proof.from_headers([("traceparent", b"00"), *proof.headers()]) == proof


def _headers(**changes: bytes | None) -> list[tuple[str, bytes]]:
    given_headers = dict(seal(_transaction(3), NEWSLETTER)[1].headers())
    merged = {**given_headers, **changes}
    return [(name, value) for name, value in merged.items() if value is not None]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        _headers(key=None),
        _headers(type=None),
        _headers(key=b"short"),
        _headers(signature=bytes(63)),
        _headers(index=b""),
        _headers(index=b"-1"),
        _headers(index=b"01"),
        _headers(index=b"1_0"),
        _headers(index="\u0661".encode()),
        _headers(count=b"99999999999999999999"),
        _headers(count=b"10001"),
        _headers(path=bytes(33)),
        _headers(path=bytes(32 * 15)),
        _headers(type=b"\xff"),
        [*_headers(), ("index", b"0")],
    ],
)
def test_headers_laid_out_differently_are_refused(headers: list[tuple[str, bytes]]) -> None:
    with pytest.raises(BadProof):
        Proof.from_headers(headers)


def test_a_transaction_is_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[bytes] = []
    verify = proofs.verify

    def counted(signed: bytes, signature: bytes, key: bytes) -> None:
        verified.append(signed)
        verify(signed, signature, key)

    monkeypatch.setattr(proofs, "verify", counted)
    records = _transaction(8)
    roots = Roots(limit=2)
    for record, proof in zip(records, seal(records, NEWSLETTER), strict=True):
        check(record, proof, KEY, roots)
    assert len(verified) == 1

    for other in ("events", "contact"):
        speaker = Signer(other, Role.SERVICE, sha256(other.encode()).digest())
        (proof,) = seal(records[:1], speaker)
        check(records[0], proof, public(speaker), roots)
    check(records[0], seal(records, NEWSLETTER)[0], KEY, roots)
    assert len(verified) == 4, "two are remembered, so the first was forgotten"


@pytest.mark.parametrize(
    ("proof_change", "key_change"),
    [
        ({"signature": bytes(64)}, {}),
        ({"count": 2}, {}),
        ({"index": 0}, {}),
        ({}, {"service": "events"}),
        ({}, {"role": Role.VERIFIER}),
        ({}, {"public": public(signer("events")).public}),
    ],
)
def test_what_is_remembered_vouches_for_nothing_else(
    proof_change: dict[str, Any], key_change: dict[str, Any]
) -> None:
    records, roots = _transaction(3), Roots()
    proof = seal(records, NEWSLETTER)[1]
    check(records[1], proof, KEY, roots)
    changed, other = (
        proof._replace(**proof_change),
        dataclasses.replace(KEY, **key_change),
    )

    with pytest.raises(BadProof):
        check(records[1], changed, other, roots)

    check(records[1], proof, KEY, roots)


def test_a_refused_signature_is_not_remembered() -> None:
    record = _transaction(1)[0]
    (proof,) = seal([record], NEWSLETTER)
    bad = proof._replace(signature=bytes(64))
    roots = Roots()

    for _ in range(2):
        with pytest.raises(BadProof):
            check(record, bad, KEY, roots)


@pytest.mark.parametrize(
    "record",
    [
        Record("unknown.v1", 0, "slice-erased", None, (b"a",)),
        Record("erasure.v1", 0, "slice-erased", None, ()),
        Record("erasure.v1", 0, "slice-erased", None, (b"a",) * 501),
        Record("erasure.v1", 0, "slice-erased", b"key", (b"a",)),
        Record("consent.v1", 0, "consent-granted", None, (b"a",)),
        Record("consent.v1", 0, "consent-granted", b"", (b"a",)),
        Record("consent.v1", 0, "consent-granted", b"key", (b"a", b"a")),
    ],
)
def test_a_record_outside_its_topics_limits_is_neither_sealed_nor_checked(record: Record) -> None:
    with pytest.raises(BadRecord):
        seal([record], NEWSLETTER)
    with pytest.raises(BadRecord):
        check(record, Proof(KEY.key_id, bytes(64), 0, 1, b"", record.type), KEY)


def test_nothing_and_too_much_are_not_sealed() -> None:
    record = _transaction(1)[0]

    for records in ([], [record] * (proofs.MAX_RECORDS + 1)):
        with pytest.raises(BadRecord):
            seal(records, NEWSLETTER)


def test_a_record_comes_back_from_its_value() -> None:
    record = record_of(GRANTED)

    read = Record.from_value(record.topic, record.partition, record.type, record.key, record.value)

    assert read == record
    assert record_id(read) == record_id(record)
    assert record_id(record) != record_id(record_of(REQUESTED))


def test_a_signer_shows_nothing_of_its_key() -> None:
    private = sha256(b"newsletter/service").digest()

    assert private.hex() not in f"{NEWSLETTER!r}{NEWSLETTER}{vars(NEWSLETTER)}"
    assert repr(private)[2:20] not in f"{NEWSLETTER!r}{vars(NEWSLETTER)}"


@given(size=st.integers(1, 40), data=st.data())
def test_remembered_nodes_let_nothing_else_pass(size: int, data: st.DataObject) -> None:
    records = [_numbered(number) for number in range(size)]
    proofs = seal(records, NEWSLETTER)
    roots = Roots()
    for number in data.draw(st.permutations(range(size))):
        check(records[number], proofs[number], KEY, roots)

    victim = data.draw(st.integers(0, size - 1))
    proof = proofs[victim]
    for place in range(0, len(proof.path), 32):
        bent = proof.path[:place] + bytes(32) + proof.path[place + 32 :]
        with pytest.raises(BadProof):
            check(records[victim], proof._replace(path=bent), KEY, roots)
    for way in (proof.path[:-32], proof.path[:-1], proof.path + bytes(32)):
        if way != proof.path:
            with pytest.raises(BadProof):
                check(records[victim], proof._replace(path=way), KEY, roots)
    with pytest.raises(BadProof):
        check(_numbered(size), proof, KEY, roots)
    check(records[victim], proof, KEY, roots)


def _numbered(number: int) -> Record:
    return Record("erasure.v1", 0, "slice-erased", None, (b'{"number":%d}' % number,))
