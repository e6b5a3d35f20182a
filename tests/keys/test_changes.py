"""A key takes another's place, ends by time, or by place: said once, wherever the command dies."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from contracts.messages import KeyPublished, KeyRetired, KeyRevoked
from contracts.trust import KeyRing, Trust, TrustedKey
from contracts.vocabulary import Role
from shared.keys import changes, load_ring, load_trust, root_signer, signer_for
from shared.keys.cli import keys_app
from shared.keys.first import OfRegister, read_register
from shared.outbox.topics import apply
from shared.settings import Settings

SERVICES = ("newsletter", "erasure", "rights")
VERIFIERS = ("newsletter", "rights")


class Keys:
    """`expunge keys` on a real broker, in this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def run(self, *arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(keys_app(SERVICES, VERIFIERS), list(arguments))
        assert done.exit_code == code, done.output
        return done.output

    def current(self, service: str = "newsletter", role: Role = Role.SERVICE) -> str:
        return signer_for(self.settings, service, role).key_id

    def trusted(self, key_id: str) -> TrustedKey:
        (found,) = (key for key in load_trust(self.settings).keys if key.key_id == key_id)
        return found

    def states(self) -> dict[str, str]:
        listed = orjson.loads(self.run("list", "--json"))
        return {key["key_id"]: key["state"] for key in listed["keys"]}

    async def said(self, kind: type[OfRegister]) -> list[OfRegister]:
        """Messages of a kind on the topic, as somebody reads them who knows the root key alone."""
        root = KeyRing(Trust(root=root_signer(self.settings).public.hex(), keys=()))
        found = await read_register(self.settings, root)
        return [message for message in found if isinstance(message, kind)]


@pytest.fixture
async def keys(
    settings: Settings, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Keys:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    await apply(settings)
    found = Keys(settings)
    await _in_thread(found, "apply")
    return found


async def _in_thread(keys: Keys, *arguments: str, code: int = 0) -> str:
    """Run a command that has a loop of its own."""
    return await asyncio.to_thread(lambda: keys.run(*arguments, code=code))


async def test_a_new_key_is_published_before_anybody_signs_with_it(keys: Keys) -> None:
    old = keys.current()

    said = await _in_thread(keys, "rotate", "newsletter")

    new = keys.current()
    published = [one.key_id for one in await keys.said(KeyPublished)]  # type: ignore[union-attr]
    assert new != old
    assert published[-1] == new
    assert published.count(new) == 1
    assert keys.states()[old] == "trusted"
    assert keys.states()[new] == "active"
    assert "start every process again" in said


async def test_a_rotation_that_broke_off_goes_on_with_the_same_key(keys: Keys) -> None:
    next_one = changes.announce(keys.settings, "rights", Role.VERIFIER, datetime.now(UTC))
    old = keys.current("rights", Role.VERIFIER)
    assert old != next_one.key_id, "nobody signs with it before it is published"

    await _in_thread(keys, "rotate", "rights", "--role", "verifier")

    assert keys.current("rights", Role.VERIFIER) == next_one.key_id
    mine = [
        k for k in load_trust(keys.settings).keys if (k.service, k.role) == ("rights", "verifier")
    ]
    assert {key.key_id for key in mine} == {old, next_one.key_id}
    assert not list((keys.settings.secrets / "keys").glob("*.next"))


async def test_a_key_in_use_is_not_retired_and_an_old_one_once(keys: Keys) -> None:
    old = keys.current()
    refused = await _in_thread(keys, "retire", old, code=1)
    await _in_thread(keys, "rotate", "newsletter")

    await _in_thread(keys, "retire", old)
    ended = keys.trusted(old).not_after
    again = await _in_thread(keys, "retire", old)

    assert "rotate newsletter" in refused
    assert keys.states()[old] == "retired"
    assert keys.trusted(old).not_after == ended
    assert await keys.said(KeyRetired) == [KeyRetired(key_id=old, not_after=ended)]
    assert "nothing to publish" in again


async def test_a_stolen_key_ends_at_its_places_for_everybody(keys: Keys) -> None:
    stolen = keys.current()

    await _in_thread(keys, "revoke", stolen)
    first = keys.trusted(stolen).revoked_from
    await _in_thread(keys, "revoke", stolen, "--since", "erasure.v1/0/1")

    assert first is not None
    places = {
        (one.topic, one.partition): one.offset for one in keys.trusted(stolen).revoked_from or ()
    }
    assert places["erasure.v1", 0] == 1
    assert places.keys() == {(one.topic, one.partition) for one in first}
    assert {one.topic for one in first} >= {"erasure.v1", "closed.v1", "consent.v1"}
    assert len(await keys.said(KeyRevoked)) == 2
    key = load_ring(keys.settings).find(stolen)
    assert key is not None
    assert key.revoked_from is not None, "a process that starts anew knows it"
    assert keys.states()[stolen] == "revoked"


@pytest.mark.parametrize(
    "arguments",
    [
        ("revoke", "00" * 16),
        ("retire", "00" * 16),
        ("rotate", "nobody"),
        ("rotate", "../root"),
        ("rotate", "newsletter", "--role", "root"),
        ("revoke", "KEY", "--since", "erasure.v1/0"),
        ("revoke", "KEY", "--since", "nothing.v1/0/3"),
        ("revoke", "KEY", "--since", "erasure.v1/9/3"),
    ],
    ids="-".join,
)
async def test_what_makes_no_sense_is_a_sentence_and_changes_nothing(
    keys: Keys, arguments: tuple[str, ...]
) -> None:
    before = keys.settings.trust.read_bytes()
    spelled = [keys.current() if word == "KEY" else word for word in arguments]

    said = await _in_thread(keys, *spelled, code=1)

    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said
    assert keys.settings.trust.read_bytes() == before
    assert not list((keys.settings.secrets / "keys").glob("*.next"))


async def test_without_a_broker_or_the_root_key_nothing_is_revoked(
    keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stolen, before = keys.current("rights"), keys.settings.trust.read_bytes()
    root = keys.settings.secrets / "keys" / "root"

    with monkeypatch.context() as away:
        away.setenv("EXPUNGE_KAFKA", "127.0.0.1:1")
        no_broker = await _in_thread(keys, "revoke", stolen, code=1)
    root.rename(tmp_path / "root")
    no_root = await _in_thread(keys, "revoke", stolen, code=1)

    assert "nothing was changed" in no_broker
    assert "keys/root" in no_root
    assert keys.settings.trust.read_bytes() == before
