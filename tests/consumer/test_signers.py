"""Nobody is believed but who may say it: every type, every wrong signer, the real consumer."""

import contextlib

from contracts.messages import MESSAGES
from contracts.topics import TOPICS
from shared.consumer.lines import Reader
from shared.keys import root_signer
from tests.contracts.samples import SAMPLES
from tests.forgeries import PERMITTED, SAYS, Signers, forgeries
from tests.kernel import Bench, eventually, note, requested, sealed

HEARS = Reader("beta", list(TOPICS), dict.fromkeys(MESSAGES.values(), note))


async def test_whoever_may_not_say_it_goes_to_quarantine_and_who_may_does_not(on: Bench) -> None:
    assert set(SAYS) == set(MESSAGES) == {message.type for message in SAMPLES}
    signers = Signers(root_signer(on.settings))
    told, last = list(forgeries(signers)), requested()
    for news in signers.news:
        await on.produce(sealed([news], signers.root))
    await on.produce([(record, proof) for _, record, proof in told])
    await on.say("rights", last)
    wrong = {record.value for name, record, _ in told if name != PERMITTED}

    async with on.consuming(HEARS):
        await on.await_effects(last.request_id)  # erasure.v1 is read to its end; the others:

        async def as_many() -> bool:
            return len(wrong & await quarantined(on)) == len(wrong)

        with contextlib.suppress(TimeoutError):
            await eventually(as_many)

    kept = await quarantined(on)
    believed = [name for name, record, _ in told if record.value not in kept]
    assert believed == [PERMITTED] * len(MESSAGES)
    assert len(wrong) > 5 * len(MESSAGES)


async def quarantined(on: Bench) -> set[bytes]:
    return {row[0] for row in await on.rows("select value from quarantine")}
