"""Only what the root key signed is trusted, and a key never changes what it may speak as."""

import base64

import orjson
import pytest
from pydantic import ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from contracts.envelope import close_envelope
from contracts.errors import BadTrust
from contracts.messages import KeyPublished
from contracts.proof import Signer, key_id_of
from contracts.trust import PAYLOAD_TYPE, KeyRing, Trust, TrustedKey
from contracts.vocabulary import Role
from tests.contracts.samples import KEY, NOW, digest, signer

ROOT = signer("root", Role.ROOT)


def trusted(of: Signer) -> TrustedKey:
    return TrustedKey(
        key_id=of.key_id,
        service=of.service,
        role=of.role,
        public_key=of.public.hex(),
        not_before=NOW,
    )


TRUST = Trust(
    root=ROOT.public.hex(),
    keys=(trusted(signer()), trusted(signer("newsletter", Role.VERIFIER))),
)
FILE = TRUST.to_json(ROOT)


def test_the_file_comes_back_from_its_bytes() -> None:
    assert Trust.from_json(FILE) == TRUST
    assert Trust.from_json(FILE, root=ROOT.public) == TRUST
    assert TRUST.to_json(ROOT) == FILE


def test_securesystemslib_verifies_the_same_envelope() -> None:
    envelope = Envelope.from_dict(orjson.loads(FILE))
    key = SSlibKey(ROOT.key_id, "ed25519", "ed25519", {"public": ROOT.public.hex()})

    assert envelope.verify([key], 1) == {ROOT.key_id: key}


def test_another_root_than_the_pinned_one_is_refused() -> None:
    mallory = signer("mallory", Role.ROOT)
    theirs = TRUST.model_copy(update={"root": mallory.public.hex()}).to_json(mallory)

    assert Trust.from_json(theirs).root == mallory.public.hex()
    with pytest.raises(BadTrust):
        Trust.from_json(theirs, root=ROOT.public)


def test_only_the_root_key_writes_the_file() -> None:
    with pytest.raises(BadTrust):
        TRUST.to_json(signer())
    payload = orjson.dumps(TRUST.model_dump(mode="json"))
    with pytest.raises(BadTrust):
        Trust.from_json(close_envelope(PAYLOAD_TYPE, payload, signer()))


def _changed(**changes: object) -> bytes:
    return orjson.dumps({**orjson.loads(FILE), **changes})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        FILE[:-1],
        FILE.replace(b'"payload":"ey', b'"payload":"ex', 1),
        FILE.replace(b'"payloadType"', b'"payloadtype"'),
        _changed(payloadType="application/vnd.in-toto+json"),
        _changed(signatures=[]),
        _changed(signatures=orjson.loads(FILE)["signatures"] * 2),
        _changed(payload="!"),
        _changed(payload=None),
        _changed(more=1),
        FILE.replace(ROOT.key_id.encode(), signer().key_id.encode()),
    ],
)
def test_a_changed_file_is_refused(data: bytes) -> None:
    with pytest.raises(BadTrust):
        Trust.from_json(data)


def test_a_list_that_the_root_key_did_not_sign_is_refused() -> None:
    envelope = orjson.loads(FILE)
    longer = TRUST.model_copy(update={"keys": (*TRUST.keys, trusted(signer("mallory")))})
    payload = orjson.dumps(longer.model_dump(mode="json"))
    forged = {**envelope, "payload": base64.b64encode(payload).decode()}

    for root in (None, ROOT.public):
        with pytest.raises(BadTrust):
            Trust.from_json(orjson.dumps(forged), root=root)


@pytest.mark.parametrize("change", [{"role": Role.ROOT}, {"service": "root"}])
def test_nobody_becomes_a_root_by_being_published(change: dict[str, object]) -> None:
    ring, events = KeyRing(TRUST), signer("events")
    message = KeyPublished.model_validate(trusted(events).model_dump(exclude={"not_after"}))

    with pytest.raises(BadTrust):
        ring.learn(message.model_copy(update=change))

    assert ring.find(events.key_id) is None


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": "0" * 32},
        {"role": Role.ROOT},
        {"service": "root"},
        {"service": "Newsletter"},
        {"public_key": digest("another")},
    ],
)
def test_a_key_that_is_not_what_it_says_is_not_listed(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrustedKey.model_validate({**trusted(signer()).model_dump(), **change})


def test_a_key_is_listed_once() -> None:
    with pytest.raises(ValidationError):
        Trust(root=ROOT.public.hex(), keys=(trusted(signer()), trusted(signer())))


def test_the_ring_finds_the_root_and_listed_keys_only() -> None:
    ring = KeyRing(TRUST)
    root, newsletter = ring.find(ROOT.key_id), ring.find(signer().key_id)

    assert root is not None
    assert (root.service, root.role, root.public) == ("root", Role.ROOT, ROOT.public)
    assert newsletter == trusted(signer()).public()
    assert ring.find(signer("events").key_id) is None


def test_the_ring_learns_a_published_key() -> None:
    ring = KeyRing(TRUST)
    events = signer("events")
    message = KeyPublished.model_validate(trusted(events).model_dump(exclude={"not_after"}))

    ring.learn(message)
    ring.learn(message)

    assert ring.find(events.key_id) == trusted(events).public()


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": "0" * 32},
        {"role": Role.ROOT},
        {"role": Role.VERIFIER},
        {"service": "events"},
        {"service": "root"},
    ],
)
def test_a_known_key_never_becomes_somebody_else(change: dict[str, object]) -> None:
    ring = KeyRing(TRUST)
    before = ring.find(KEY.key_id)

    with pytest.raises(BadTrust):
        ring.learn(KEY.model_copy(update=change))

    assert ring.find(KEY.key_id) == before


def test_an_id_is_a_hash_of_the_key() -> None:
    assert key_id_of(ROOT.public) == ROOT.key_id
    assert len(ROOT.key_id) == 32
