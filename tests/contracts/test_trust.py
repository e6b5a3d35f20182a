"""Only what the root key signed is trusted, and a key never changes what it may speak as."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from contracts.envelope import close_envelope
from contracts.errors import BadTrust
from contracts.fields import RevokedFrom
from contracts.messages import KeyPublished, KeyRetired, KeyRevoked
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
ENDS = {"not_after", "revoked_from"}


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
    message = KeyPublished.model_validate(trusted(events).model_dump(exclude=ENDS))

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
    message = KeyPublished.model_validate(trusted(events).model_dump(exclude=ENDS))

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


def _revoked(*places: tuple[str, int, int], of: Signer | None = None) -> KeyRevoked:
    named = tuple(RevokedFrom(topic=t, partition=p, offset=o) for t, p, o in places)
    return KeyRevoked(key_id=(of or signer()).key_id, places=named)


def _believed(ring: KeyRing, *place: Any) -> bool:
    key = ring.find(signer().key_id)
    assert key is not None
    return key.speaks_at(*place)


def test_a_revoked_key_is_believed_up_to_its_place_and_nowhere_that_is_not_named() -> None:
    ring = KeyRing(TRUST)

    ring.learn(_revoked(("erasure.v1", 0, 7), ("closed.v1", 1, 3)))

    assert _believed(ring, "erasure.v1", 0, 6)
    assert _believed(ring, "closed.v1", 1, 2)
    for place in (("erasure.v1", 0, 7), ("erasure.v1", 1, 0), ("closed.v1", 0, 0)):
        assert not _believed(ring, *place)


def test_of_two_revocations_the_earlier_place_counts_in_whatever_order() -> None:
    first = _revoked(("erasure.v1", 0, 7), ("closed.v1", 0, 3))
    second = _revoked(("erasure.v1", 0, 5))

    for order in ((first, second, first), (second, first, second)):
        ring = KeyRing(TRUST)
        for message in order:
            ring.learn(message)
        assert _believed(ring, "erasure.v1", 0, 4)
        assert not _believed(ring, "erasure.v1", 0, 5)
        assert not _believed(ring, "closed.v1", 0, 0)


def test_the_end_of_a_key_may_be_heard_before_the_key() -> None:
    ring, events = KeyRing(TRUST), signer("events")
    later = NOW + timedelta(days=1)

    ring.learn(_revoked(("erasure.v1", 0, 7), of=events))
    ring.learn(KeyRetired(key_id=events.key_id, not_after=later))
    ring.learn(KeyPublished.model_validate(trusted(events).model_dump(exclude=ENDS)))

    found = ring.find(events.key_id)
    assert found == replace(
        trusted(events).public(), not_after=later, revoked_from=(("erasure.v1", 0, 7),)
    )


def test_a_key_that_was_published_again_stays_at_its_end() -> None:
    ring = KeyRing(TRUST)

    ring.learn(KeyRetired(key_id=KEY.key_id, not_after=NOW + timedelta(days=1)))
    ring.learn(KeyRetired(key_id=KEY.key_id, not_after=NOW + timedelta(days=2)))
    ring.learn(_revoked(("erasure.v1", 0, 7)))
    ring.learn(KEY)

    found = ring.find(KEY.key_id)
    assert found is not None
    assert found.not_after == NOW + timedelta(days=1)
    assert not _believed(ring, "erasure.v1", 0, 7)


@pytest.mark.parametrize(
    "message",
    [KeyRetired(key_id=ROOT.key_id, not_after=NOW), _revoked(("erasure.v1", 0, 0), of=ROOT)],
    ids=["retired", "revoked"],
)
def test_the_root_key_has_no_end(message: KeyRetired | KeyRevoked) -> None:
    ring = KeyRing(TRUST)
    before = ring.find(ROOT.key_id)

    with pytest.raises(BadTrust):
        ring.learn(message)

    assert ring.find(ROOT.key_id) == before


def test_a_list_says_from_where_a_key_is_revoked_and_nothing_of_it_otherwise() -> None:
    key = trusted(signer()).model_copy(
        update={"revoked_from": _revoked(("erasure.v1", 0, 7)).places}
    )
    trust = Trust(root=ROOT.public.hex(), keys=(key, trusted(signer("events"))))

    written = trust.to_json(ROOT)

    assert Trust.from_json(written) == trust
    assert not _believed(KeyRing(trust), "erasure.v1", 0, 7)
    said = orjson.loads(base64.b64decode(orjson.loads(written)["payload"]))
    assert ["revoked_from" in one for one in said["keys"]] == [True, False]


@pytest.mark.parametrize("places", [(), (("erasure.v1", 0, 7), ("erasure.v1", 0, 8))])
def test_a_revocation_names_each_partition_once_and_at_least_one(places: Any) -> None:
    with pytest.raises(ValidationError):
        _revoked(*places)


def test_an_id_is_a_hash_of_the_key() -> None:
    assert key_id_of(ROOT.public) == ROOT.key_id
    assert len(ROOT.key_id) == 32
