"""A relay or a worker of the test services in a process of its own, to be killed."""

import asyncio
import sys

from contracts.messages import ConsentGranted, ErasureRequested
from contracts.topics import CONSENT, ERASURE
from contracts.vocabulary import Role
from shared.consumer.lines import Reader
from shared.keys import load_ring, signer_for
from shared.outbox.relay import relay
from shared.outbox.wake import Wake
from shared.settings import Settings
from shared.worker import Work, Worker, run
from tests.kernel import note


async def beta(worker: Worker) -> Reader:
    """Say what beta hears."""
    del worker
    return Reader(
        "beta", [CONSENT.name, ERASURE.name], {ConsentGranted: note, ErasureRequested: note}
    )


async def work(settings: Settings) -> None:
    signer = signer_for(settings, "beta", Role.SERVICE)
    await run(settings, [Work("beta", signer, beta)], load_ring(settings))


if __name__ == "__main__":
    loaded = Settings.load()
    if sys.argv[1] == "relay":
        asyncio.run(relay(loaded, "alpha", Wake()))
    else:
        asyncio.run(work(loaded))
