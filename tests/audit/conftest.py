"""One topic with a history, for every auditor's test; those that spoil it work on an export."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.messages import Message
from contracts.topics import ERASURE, partition_of
from shared.settings import Settings
from tests.auditing import History
from tests.ledger import ledger, receipt


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def history(settings: Settings, environment: dict[str, str]) -> AsyncIterator[History]:
    """Three certified sagas, one open, two receipts that nobody asked for in one record."""
    async with ledger(settings) as on:
        sagas = [await on.whole_saga() for _ in range(3)]
        waiting = await on.ask()
        await on.answer(waiting, "events")
        await on.say(on.signer("newsletter"), *_together(settings.partitions_of(ERASURE.name)))
        async with on.working():
            await on.certified(*sagas)
            await on.await_messages("erasure-certified", len(sagas))
        await on.end(sagas[0])
        yield History(on, environment, sagas, waiting)


def _together(partitions: int) -> tuple[Message, Message]:
    """Make two receipts that nobody asked for, which stand in one partition."""
    first, second = receipt(None), receipt(None)
    while partition_of(second.subject, partitions) != partition_of(first.subject, partitions):
        second = receipt(None)
    return first, second


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """Say where an export may go."""
    return tmp_path / "topic.ndjson"
