"""Somebody who may write to the broker sends everything again, the last record first."""

import httpx2
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.topics import REGISTER, TOPICS
from services import registry
from shared.consumer.opening import KafkaRecord
from shared.settings import Settings
from tests.installation import Installation, certificates
from tests.kill.converging import requests_of, told_once
from tests.whole.someone import someone

pytestmark = pytest.mark.timeout(180)
READ_MS = 1_000
STATE = {
    "newsletter": ("subject", "subscriber", "pending", "consent", "receipt"),
    "rights": ("subject", "request", "alias", "slice_answer", "receipt"),
    "erasure": ("saga", "saga_receipt", "certificate", "saga_end", "consent_evidence"),
}


async def test_what_was_said_before_changes_nothing_when_it_is_said_again_backwards(
    installation: Installation, browser: httpx2.AsyncClient
) -> None:
    others = await requests_of(installation)
    ida, joe, kim = (someone(installation, browser) for _ in range(3))
    await joe.subscribe()
    await ida.subscribe()
    await ida.be_erased()
    (new,) = [await ida.subscribe()]
    before = await _state(installation)
    letters = [len(await one.person.mails()) for one in (ida, joe)]

    await _forget_what_was_seen(installation)
    assert await _send_again(installation) > 10
    await kim.subscribe()
    await kim.be_erased()  # what is said later is worked later: by now everything was heard

    assert await _state(installation, but_for=before) == before
    assert await ida.subscriptions() == [new], "an old request erases no new relationship"
    assert len(await joe.subscriptions()) == 1
    assert [len(await one.person.mails()) for one in (ida, joe)] == letters
    assert len(await certificates(ida.person)) == 1
    await told_once(installation, but_for=others)
    code, told = await installation.command("audit", "replay", "--json")
    assert code == 0, told
    assert orjson.loads(told[told.index("{") :])["findings"]["total"] == 0


async def _state(
    installation: Installation, but_for: dict[str, set[str]] | None = None
) -> dict[str, set[str]]:
    """Every row of what the services decided; `but_for` leaves out rows that are not in it."""
    found: dict[str, set[str]] = {}
    for service, tables in STATE.items():
        for table in tables:
            rows = await installation.ask(service, f"select {table}::text as row from {table}")
            found[f"{service}.{table}"] = {row["row"] for row in rows}
    if but_for is not None:
        return {name: rows & but_for[name] for name, rows in found.items()}
    return found


async def _forget_what_was_seen(installation: Installation) -> None:
    """Empty the inboxes: what protects must be the state itself."""
    for service in registry.with_database():
        await installation.ask(service.name, "delete from inbox")


async def _send_again(installation: Installation) -> int:
    """Send every record once more, in reverse order, with its key, headers and partition."""
    settings = installation.settings
    names = [name for name in TOPICS if name != REGISTER]
    records = [record for name in names for record in await _records(settings, name)]
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    try:
        for record in reversed(records):
            await producer.send_and_wait(
                record.topic,
                record.value,
                record.key,
                record.partition,
                headers=list(record.headers),
            )
    finally:
        await producer.stop()
    return len(records)


async def _records(settings: Settings, name: str) -> list[KafkaRecord]:
    """Read a topic from its beginning to its present end."""
    numbers = range(settings.partitions_of(name))
    places = [TopicPartition(settings.topic(name), number) for number in numbers]
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[KafkaRecord] = []
        while [place for place, end in ends.items() if await consumer.position(place) < end]:
            for records in (await consumer.getmany(timeout_ms=READ_MS)).values():
                found += records
        return found
    finally:
        await consumer.stop()
