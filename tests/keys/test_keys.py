"""Keys are made once, kept closed, and a second call changes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.messages import KeyPublished, RegisterPublished
from contracts.proof import Proof, Record
from contracts.reading import prove
from contracts.vocabulary import Role
from shared.keys import (
    KeysWrong,
    apply_keys,
    key_name,
    load_ring,
    load_trust,
    root_signer,
    signer_for,
)
from shared.keys.first import first_records
from shared.settings import MissingSecret, Settings

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
SERVICES = ("newsletter", "erasure", "rights")
VERIFIERS = ("newsletter", "rights")


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path / "state")


@pytest.fixture
def made(empty: Settings) -> Settings:
    apply_keys(empty, SERVICES, VERIFIERS, now=NOW)
    return empty


def _bytes(settings: Settings) -> dict[str, bytes]:
    files = [path for path in settings.state.rglob("*") if path.is_file()]
    return {str(path.relative_to(settings.state)): path.read_bytes() for path in files}


def test_every_service_and_verifier_has_a_key_only_its_owner_reads(empty: Settings) -> None:
    made = apply_keys(empty, SERVICES, VERIFIERS, now=NOW)

    names = ["root", "erasure", "newsletter", "rights", "newsletter_verifier", "rights_verifier"]
    names.append("erasure_log")
    assert made == names
    folder = empty.secrets / "keys"
    assert {path.name for path in folder.iterdir()} == set(names)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o077 == 0


def test_all_made_keys_are_trusted_from_the_day_on(made: Settings) -> None:
    trust = load_trust(made)

    expected = {(name, Role.SERVICE) for name in SERVICES} | {
        (name, Role.VERIFIER) for name in VERIFIERS
    }
    expected.add(("erasure", Role.LOG))
    assert {(key.service, key.role) for key in trust.keys} == expected
    assert {key.not_before for key in trust.keys} == {datetime(2026, 3, 5, tzinfo=UTC)}
    for service, role in expected:
        signer = signer_for(made, service, role)
        found = load_ring(made).find(signer.key_id)
        assert found is not None
        assert (found.service, found.role, found.public) == (service, role, signer.public)


def test_a_second_call_changes_no_byte(made: Settings) -> None:
    before = _bytes(made)

    assert apply_keys(made, SERVICES, VERIFIERS) == []

    assert _bytes(made) == before


def test_a_new_service_is_added_and_the_others_stay(made: Settings) -> None:
    before = load_trust(made)

    assert apply_keys(made, (*SERVICES, "events"), VERIFIERS) == ["events"]

    after = load_trust(made)
    assert set(before.keys) < set(after.keys)
    assert {key.service for key in set(after.keys) - set(before.keys)} == {"events"}
    assert after.root == before.root


def test_the_root_key_may_be_taken_off_the_machine(made: Settings) -> None:
    (made.secrets / "keys" / "root").unlink()

    assert apply_keys(made, SERVICES, VERIFIERS) == []
    with pytest.raises(MissingSecret):
        apply_keys(made, (*SERVICES, "events"), VERIFIERS)


def test_another_root_key_signs_nothing(made: Settings, tmp_path: Path) -> None:
    other = Settings(state=tmp_path / "other")
    apply_keys(other, (), (), now=NOW)
    theirs = (other.secrets / "keys" / "root").read_text()
    (made.secrets / "keys" / "root").write_text(theirs)
    before = made.trust.read_bytes()

    with pytest.raises(KeysWrong):
        apply_keys(made, (*SERVICES, "events"), VERIFIERS)

    assert made.trust.read_bytes() == before


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33])
def test_a_damaged_key_is_named_and_not_shown(made: Settings, content: str) -> None:
    (made.secrets / "keys" / "newsletter").write_text(content)

    with pytest.raises(KeysWrong) as caught:
        signer_for(made, "newsletter", Role.SERVICE)

    assert "keys/newsletter" in str(caught.value)
    assert not content or content not in str(caught.value)


def test_a_missing_or_forged_trust_file_is_said(empty: Settings, made: Settings) -> None:
    made.trust.write_bytes(made.trust.read_bytes().replace(b"payload", b"Payload"))
    with pytest.raises(KeysWrong, match="not signed"):
        load_trust(made)
    made.trust.unlink()
    with pytest.raises(KeysWrong, match="keys apply"):
        load_trust(empty)


def test_names_of_keys_are_names_of_databases() -> None:
    assert key_name("newsletter", Role.SERVICE) == "newsletter"
    assert key_name("newsletter", Role.VERIFIER) == "newsletter_verifier"
    assert key_name("root", Role.ROOT) == "root"


def _messages(
    settings: Settings, sent: list[tuple[Record, Proof]]
) -> list[KeyPublished | RegisterPublished]:
    ring = load_ring(settings)
    found: list[KeyPublished | RegisterPublished] = []
    for record, proof in sent:
        key = ring.find(proof.key_id)
        assert key is not None
        for event in prove(record, proof, key, settings.partitions_of("erasure.v1")):
            assert isinstance(event.message, KeyPublished | RegisterPublished)
            found.append(event.message)
    return found


def test_keys_come_first_then_the_register(made: Settings) -> None:
    sent = first_records(made, ("rights", "newsletter"), [])
    messages = _messages(made, sent)

    assert [record.type for record, _ in sent] == ["key-published", "register-published"]
    assert [proof.key_id for _, proof in sent] == [
        root_signer(made).key_id,
        signer_for(made, "erasure", Role.SERVICE).key_id,
    ]
    published = {message.key_id for message in messages if isinstance(message, KeyPublished)}
    assert published == {key.key_id for key in load_trust(made).keys}
    assert messages[-1] == RegisterPublished(version=1, participants=("newsletter", "rights"))


def test_what_is_known_is_not_sent_again(made: Settings) -> None:
    known = _messages(made, first_records(made, ("newsletter",), []))

    assert first_records(made, ("newsletter",), known) == []
    more = _messages(made, first_records(made, ("newsletter", "rights"), known))
    assert more == [RegisterPublished(version=2, participants=("newsletter", "rights"))]

    apply_keys(made, (*SERVICES, "events"), VERIFIERS)
    (added,) = _messages(made, first_records(made, ("newsletter",), known))
    assert isinstance(added, KeyPublished)
    assert added.service == "events"
