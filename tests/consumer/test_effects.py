"""What a service hears becomes an effect once; what is bad costs only itself."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from contracts.messages import (
    ConsentGranted,
    ConsentWithdrawn,
    ErasureRequested,
    Message,
    SagaReminded,
    SliceErased,
    SliceFailed,
    parse,
    split_lines,
)
from contracts.proof import seal
from contracts.topics import CONSENT, ERASURE
from shared.consumer.lines import AnyLine, Delivery, Park, Reaction, Reader
from shared.consumer.release import release
from shared.database import Transaction
from tests.kernel import Bench, eventually, granted, note, receipt, requested, sealed, withdrawn

CONSENTS = Reader("beta", [CONSENT.name], {ConsentGranted: note, ConsentWithdrawn: note})


class NotToday(Park):
    """The reaction of a test refuses this line."""


def poisoned(*bad: UUID) -> Reader:
    """Hear requests and extensions; refuse some ids after their rows were written."""

    async def react(tx: Transaction, lines: Sequence[AnyLine]) -> None:
        await note(tx, lines)
        if any(line.message.request_id in bad for line in lines):
            raise NotToday

    return Reader("beta", [ERASURE.name], {ErasureRequested: react, SagaReminded: react})


async def test_messages_become_effects_in_order(on: Bench) -> None:
    first, second = uuid4(), uuid4()
    async with on.consuming(CONSENTS):
        await on.say("alpha", granted(first))
        await on.say("alpha", withdrawn(first))
        await on.say("alpha", granted(second))
        await on.await_effects(first, second)

    assert await on.effects(first, second) == [
        (str(first), "consent-granted"),
        (str(first), "consent-withdrawn"),
        (str(second), "consent-granted"),
    ]


async def test_a_record_delivered_twice_has_one_effect(on: Bench) -> None:
    one, last = uuid4(), uuid4()
    record = sealed([granted(one)], on.signer("alpha"))
    async with on.consuming(CONSENTS):
        await on.produce(record + record)
        await on.await_effects(one)
        await on.produce(record)
        await on.say("alpha", granted(last))
        await on.await_effects(last)

    assert await on.effects(one) == [(str(one), "consent-granted")]


async def test_adjacent_lines_of_one_type_come_together(on: Bench) -> None:
    ids = [uuid4() for _ in range(30)]
    await on.say("rights", *[requested(one) for one in ids])
    async with on.consuming(poisoned()):
        await on.await_effects(*ids)

    sizes = await on.rows("select size from effect where about = $1", str(ids[0]))
    assert [row[0] for row in sizes] == [30]


async def test_poison_lines_are_parked_and_all_others_have_their_effect(on: Bench) -> None:
    ids = [uuid4() for _ in range(100)]
    bad = {ids[0], ids[41], ids[99]}
    await on.say("rights", *[requested(one) for one in ids])
    async with on.consuming(poisoned(*bad)):
        await on.await_effects(*(set(ids) - bad))

    assert len(await on.effects(*ids)) == 97
    assert sorted(await on.parked(*ids)) == sorted(
        (str(one), ids.index(one), "NotToday") for one in bad
    )
    failed = [
        parse(line).message
        for value in await on.told("slice-failed")
        for line in split_lines(value)
    ]
    assert {(m.request_id, m.error) for m in failed if isinstance(m, SliceFailed)} == {
        (one, "NotToday") for one in bad
    }


async def test_what_follows_a_parked_line_waits_behind_it_until_both_are_released(
    on: Bench,
) -> None:
    bad, good = uuid4(), uuid4()
    await on.say("rights", requested(bad), requested(good))
    async with on.consuming(poisoned(bad)):
        await on.await_effects(good)
        await on.say("rights", requested(bad))
        last = uuid4()
        await on.say("rights", requested(last))
        await on.await_effects(last)
    assert [entry[2] for entry in await on.parked(bad)] == ["NotToday", "FollowsFailed"]

    with pytest.raises(NotToday):
        await release(on.beta, poisoned(bad), str(bad))
    assert len(await on.parked(bad)) == 2
    assert await release(on.beta, poisoned(), str(bad)) == 2

    assert await on.parked(bad) == []
    assert await on.effects(bad) == [(str(bad), "erasure-requested")] * 2


async def test_what_follows_a_poison_line_in_its_batch_is_parked_untried(on: Bench) -> None:
    bad, good = uuid4(), uuid4()
    await on.say("rights", requested(bad), requested(good))
    await on.say("rights", requested(bad))
    async with on.consuming(poisoned(bad)):
        await on.await_effects(good)

    assert await on.parked(bad) == [(str(bad), 0, "NotToday"), (str(bad), 0, "FollowsFailed")]


async def test_an_own_receipt_is_stored_although_its_request_is_parked(on: Bench) -> None:
    bad = uuid4()
    reactions: dict[type[Message], Reaction] = {**poisoned(bad).reactions, SliceErased: note}
    await on.say("rights", requested(bad))
    await on.say("beta", receipt(bad))
    async with on.consuming(Reader("beta", [ERASURE.name], reactions)):
        await on.await_effects(bad)

    assert await on.effects(bad) == [(str(bad), "slice-erased")]
    assert [error for _, _, error in await on.parked(bad)] == ["NotToday"]


async def test_a_line_that_cannot_be_read_is_parked_alone(on: Bench) -> None:
    one, other = uuid4(), uuid4()
    ((whole, _),) = sealed([requested(one), requested(other)], on.signer("rights"))
    broken = whole._replace(lines=(whole.lines[0], b'{"no":"message"}'))
    await on.produce([(broken, seal([broken], on.signer("rights"))[0])])
    async with on.consuming(poisoned()):
        await on.await_effects(one)

    assert ("", 1, "NotAMessage") in await on.parked("")


async def test_evidence_has_whole_records_once_also_when_a_line_is_parked(on: Bench) -> None:
    one = uuid4()
    seen: list[tuple[int, bytes]] = []

    async def keep(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
        del tx
        seen.extend((d.offset, d.value) for d in deliveries)

    reactions = poisoned(one).reactions
    record = sealed([requested(one)], on.signer("rights"))
    async with on.consuming(Reader("beta", [ERASURE.name], reactions, evidence=keep)):
        await on.produce(record + record)

        async def is_parked() -> bool:
            return bool(await on.parked(one))

        await eventually(is_parked)

    ours = [value for _, value in seen if value == record[0][0].value]
    assert ours == [record[0][0].value] * 2  # the try that failed, and the one that was kept
