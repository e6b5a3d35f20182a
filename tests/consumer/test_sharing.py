"""Readers of one process share what was proven, and nothing that was not."""

from dataclasses import dataclass
from uuid import uuid4

from nacl.signing import SigningKey

from contracts.messages import AliasesDestroyed
from contracts.proof import Signer
from contracts.topics import ERASURE
from contracts.vocabulary import Role
from shared.consumer.keyring import Keys
from shared.consumer.lines import Line, Reactions, Reader
from shared.consumer.opening import Batch, Opener
from shared.consumer.sharing import Shared
from shared.keys import apply_keys, load_ring, signer_for
from shared.settings import Settings
from tests.kernel import note, sealed

LINES = 3
HEARS: Reactions = {AliasesDestroyed: note}


@dataclass
class Read:
    """A record as the client hands it out."""

    offset: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def record(signer: Signer, offset: int = 0) -> Read:
    told = [AliasesDestroyed(request_id=uuid4(), count=1, remaining=0) for _ in range(LINES)]
    ((made, proof),) = sealed(told, signer)
    return Read(offset, made.key, made.value, tuple(proof.headers()))


async def read_by(shared: Shared | None, settings: Settings, *records: Read) -> Batch:
    keys = Keys(settings, load_ring(settings))
    opener = Opener(settings, Reader("beta", [ERASURE.name], HEARS), keys, shared)
    return await opener.open(ERASURE.name, 0, records)


def honest(settings: Settings) -> Signer:
    apply_keys(settings, ("rights", "beta"), ())
    return signer_for(settings, "rights", Role.SERVICE)


async def test_the_second_reader_gets_what_the_first_has_proven(settings: Settings) -> None:
    shared, one = Shared(), record(honest(settings))

    first = await read_by(shared, settings, one)
    second = await read_by(shared, settings, one)

    assert second.deliveries[0] is first.deliveries[0]
    assert second.lines == first.lines == list(second.lines)
    assert [type(line) for line in second.lines] == [Line] * LINES


async def test_a_changed_byte_at_the_same_place_is_not_believed(settings: Settings) -> None:
    shared, one = Shared(), record(honest(settings))
    await read_by(shared, settings, one)
    forged = Read(one.offset, one.key, one.value.replace(b'"count":1', b'"count":2'), one.headers)

    batch = await read_by(shared, settings, forged)

    assert not batch.deliveries
    assert [refused.error for refused in batch.refused] == ["BadProof"]


async def test_another_proof_of_the_same_bytes_is_not_believed(settings: Settings) -> None:
    signer, shared = honest(settings), Shared()
    one = record(signer)
    await read_by(shared, settings, one)
    stranger = Signer("rights", Role.SERVICE, bytes(SigningKey.generate()))
    theirs = dict(record(stranger).headers) | {"key": dict(one.headers)["key"]}

    batch = await read_by(shared, settings, Read(0, one.key, one.value, tuple(theirs.items())))

    assert not batch.deliveries


async def test_what_is_refused_is_refused_by_everybody(settings: Settings) -> None:
    honest(settings)
    shared = Shared()
    forged = record(Signer("newsletter", Role.SERVICE, bytes(SigningKey.generate())))
    forged.headers = tuple(
        (name, value if name != "key" else bytes.fromhex(honest(settings).key_id))
        for name, value in forged.headers
    )

    batches = [await read_by(shared, settings, forged) for _ in range(2)]

    assert [len(batch.refused) for batch in batches] == [1, 1]


async def test_only_the_last_lines_are_kept(settings: Settings) -> None:
    signer, shared = honest(settings), Shared(max_lines=2 * LINES)
    records = [record(signer, offset) for offset in range(3)]

    before = await read_by(shared, settings, *records)
    after = await read_by(shared, settings, *records[1:], records[0])

    assert [
        late is early for late, early in zip(after.deliveries, before.deliveries[1:], strict=False)
    ] == [True, True]
    assert after.deliveries[2] is not before.deliveries[0]
