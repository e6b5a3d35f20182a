"""From messages on the topic to a certificate that anybody can check."""

from hashlib import sha256

from contracts.certificate import read_certificate
from shared.keys import load_ring
from tests.kernel import eventually
from tests.ledger import Ledger


async def test_every_answer_becomes_one_certificate(on: Ledger) -> None:
    saga = await on.whole_saga()

    async with on.working():
        (envelope,) = await on.certified(saga)
        said, _ = read_certificate(envelope, load_ring(on.settings).find)

    assert said.digests == {
        "erasure-request": said.digests["erasure-request"],
        **{f"receipt/{name}": sha256(line).hexdigest() for name, line in saga.receipts.items()},
    }
    assert [one.service for one in said.predicate.participants] == sorted(saga.receipts)


async def test_a_saga_without_one_answer_waits_for_it(on: Ledger) -> None:
    saga = await on.ask()
    await on.answer(saga, "events")
    await on.answer(saga, "newsletter")

    async with on.working():
        await on.caught_up()
        before = await on.certificate(saga.id)
        await on.answer(saga, "rights")
        (after,) = await on.certified(saga)

    assert (before, after is not None) == (None, True)


async def test_erasure_certified_names_the_certificate_on_the_topic(on: Ledger) -> None:
    saga = await on.whole_saga()

    async with on.working():
        (envelope,) = await on.certified(saga)

        async def heard() -> object:
            return await on.value(
                "select value from evidence where position($1::bytea in value) > 0",
                sha256(envelope).hexdigest().encode(),
            )

        value = await eventually(heard)

    assert b"erasure-certified" in value
