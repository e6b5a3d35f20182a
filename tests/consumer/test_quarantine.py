"""Who is not who they say has no effect, blocks nobody, and is kept for a person to see."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nacl.signing import SigningKey

from contracts.messages import ErasureRequested, KeyPublished
from contracts.proof import Proof, Record, Signer, seal
from contracts.topics import ERASURE
from contracts.vocabulary import Role
from shared.consumer.lines import Reader
from shared.keys import root_signer
from tests.kernel import Bench, eventually, note, requested, sealed

HEARS = Reader("beta", [ERASURE.name], {ErasureRequested: note})
Records = Sequence[tuple[Record, Proof]]


def stranger(service: str = "rights") -> Signer:
    """Make a key that nobody published."""
    return Signer(service, Role.SERVICE, bytes(SigningKey.generate()))


def another_service(on: Bench, message: ErasureRequested) -> Records:
    """Alpha says what only the origin may say."""
    return sealed([message], on.signer("alpha"))


def unknown_key(on: Bench, message: ErasureRequested) -> Records:
    del on
    return sealed([message], stranger())


def borrowed_key_id(on: Bench, message: ErasureRequested) -> Records:
    """Put a stranger's signature under the key id of rights."""
    ((record, proof),) = sealed([message], stranger())
    return [(record, proof._replace(key_id=on.signer("rights").key_id))]


def changed_line(on: Bench, message: ErasureRequested) -> Records:
    """Other bytes under an honest signature."""
    ((record, proof),) = sealed([message], on.signer("rights"))
    lines = (record.lines[0].replace(b'"register_version":1', b'"register_version":2'),)
    assert lines != record.lines
    return [(record._replace(lines=lines), proof)]


def another_partition(on: Bench, message: ErasureRequested) -> Records:
    """Signed for partition 3 and sent to partition 0."""
    ((record, _),) = sealed([message], on.signer("rights"))
    elsewhere = record._replace(partition=3)
    return [(record, seal([elsewhere], on.signer("rights"))[0])]


def relabelled(on: Bench, message: ErasureRequested) -> Records:
    """Let the hint name another type than what was signed."""
    ((record, proof),) = sealed([message], on.signer("rights"))
    ((other, _),) = [(record._replace(type="slice-failed"), proof)]
    honest = seal([other], on.signer("rights"))[0]
    return [(record, honest._replace(type="erasure-requested"))]


@pytest.mark.parametrize(
    "forge",
    [another_service, unknown_key, borrowed_key_id, changed_line, another_partition, relabelled],
)
async def test_a_forged_record_is_quarantined_and_the_next_one_works(on: Bench, forge: Any) -> None:
    bad, good = requested(), requested()
    await on.produce(forge(on, bad))
    await on.say("rights", good)
    async with on.consuming(HEARS):
        await on.await_effects(good.request_id)

    assert await on.effects(bad.request_id) == []
    kept = await on.rows("select value from quarantine")
    assert any(str(bad.request_id).encode() in row[0] for row in kept)


async def test_bytes_that_are_no_record_are_quarantined(on: Bench) -> None:
    good = requested()
    place = on.settings.topic(ERASURE.name)
    headers = [("type", b"erasure-requested")]
    await on.producer.send_and_wait(place, value=b"no record", partition=0, headers=headers)
    await on.say("rights", good)
    async with on.consuming(HEARS):
        await on.await_effects(good.request_id)

    assert [row[0] for row in await on.rows("select value from quarantine")].count(
        b"no record"
    ) == 1


async def test_a_key_published_after_the_start_is_looked_up_and_believed(on: Bench) -> None:
    signer, message = stranger(), requested()
    published = KeyPublished(
        key_id=signer.key_id,
        service="rights",
        role=Role.SERVICE,
        public_key=signer.public.hex(),
        not_before=datetime.now(UTC) - timedelta(minutes=1),
    )
    async with on.consuming(HEARS) as ready:
        await ready.wait()
        await on.produce(sealed([published], root_signer(on.settings)))
        await on.produce(sealed([message], signer))
        await on.await_effects(message.request_id)

    async def nothing_kept() -> bool:
        kept = await on.rows("select value from quarantine")
        return not any(str(message.request_id).encode() in row[0] for row in kept)

    assert await eventually(nothing_kept)
