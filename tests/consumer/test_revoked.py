"""Where a key was revoked its word ends, whatever time it writes; what it said before stays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from nacl.signing import SigningKey

from contracts.fields import RevokedFrom
from contracts.messages import ErasureRequested, KeyPublished, KeyRetired, KeyRevoked
from contracts.proof import Signer
from contracts.topics import ERASURE
from contracts.vocabulary import Role
from shared.consumer.lines import Reader
from shared.keys import root_signer
from tests.kernel import Bench, eventually, note, requested, sealed

HEARS = Reader("beta", [ERASURE.name], {ErasureRequested: note})
DAY = timedelta(days=1)


@dataclass
class Published:
    """A further key of rights, as everybody knows it."""

    on: Bench
    signer: Signer

    async def say(self, message: ErasureRequested, at: datetime | None = None) -> None:
        await self.on.produce(sealed([message], self.signer, at=at))

    async def told_by_root(self, news: KeyRetired | KeyRevoked) -> None:
        await self.on.produce(sealed([news], root_signer(self.on.settings)))

    async def revoke(self, offset: int) -> None:
        place = RevokedFrom(topic=ERASURE.name, partition=0, offset=offset)
        await self.told_by_root(KeyRevoked(key_id=self.signer.key_id, places=(place,)))

    async def end(self) -> int:
        place = TopicPartition(self.on.settings.topic(ERASURE.name), 0)
        consumer = AIOKafkaConsumer(bootstrap_servers=self.on.settings.kafka)
        await consumer.start()
        try:
            ends: dict[TopicPartition, int] = await consumer.end_offsets([place])
        finally:
            await consumer.stop()
        return ends[place]

    async def error_of(self, request_id: UUID) -> str:
        """Wait until a record is in quarantine; give the class of its error."""

        async def kept() -> str | None:
            rows = await self.on.rows("select value, error from quarantine")
            return next((row[1] for row in rows if str(request_id).encode() in row[0]), None)

        return str(await eventually(kept))


@pytest_asyncio.fixture(loop_scope="session")
async def second(on: Bench) -> AsyncIterator[Published]:
    """Publish a second key of rights, valid since yesterday."""
    signer = Signer("rights", Role.SERVICE, bytes(SigningKey.generate()))
    news = KeyPublished(
        key_id=signer.key_id,
        service="rights",
        role=Role.SERVICE,
        public_key=signer.public.hex(),
        not_before=datetime.now(UTC) - 3 * DAY,
    )
    await on.produce(sealed([news], root_signer(on.settings)))
    yield Published(on, signer)


async def test_a_thief_cannot_go_back_in_time(on: Bench, second: Published) -> None:
    before, stolen, honest = requested(), requested(), requested()
    async with on.consuming(HEARS):
        await second.say(before)
        await on.await_effects(before.request_id)

        await second.revoke(await second.end())
        await second.say(stolen, at=datetime.now(UTC) - DAY)
        await on.say("rights", honest)
        await on.await_effects(honest.request_id)

        assert await second.error_of(stolen.request_id) == "RevokedKey"
    assert await on.effects(stolen.request_id) == []
    assert len(await on.effects(before.request_id)) == 1


async def test_who_reads_later_judges_by_the_place_too(on: Bench, second: Published) -> None:
    before, stolen, honest = requested(), requested(), requested()
    await second.say(before)
    await second.revoke(await second.end())
    await second.say(stolen, at=datetime.now(UTC) - DAY)
    await on.say("rights", honest)

    async with on.consuming(HEARS):
        await on.await_effects(before.request_id, honest.request_id)

        assert await second.error_of(stolen.request_id) == "RevokedKey"
    assert await on.effects(stolen.request_id) == []


async def test_a_retired_key_is_believed_for_its_time_only(on: Bench, second: Published) -> None:
    resent, late = requested(), requested()
    end = datetime.now(UTC) - DAY
    await second.told_by_root(KeyRetired(key_id=second.signer.key_id, not_after=end))

    async with on.consuming(HEARS):
        await second.say(resent, at=end - timedelta(seconds=1))
        await second.say(late, at=end + timedelta(seconds=1))
        await on.await_effects(resent.request_id)

        assert await second.error_of(late.request_id) == "BadProof"
    assert await on.effects(late.request_id) == []
