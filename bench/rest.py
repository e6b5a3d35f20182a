"""W4, one erasure at rest: from the request to its certificate, beside the bare way it takes."""

import time
from typing import Any
from uuid import UUID

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import broker
from bench.erasing import Origin, certified, ended
from bench.gate import drained
from bench.people import subscribe_many
from bench.place import Admin
from bench.rounds import Round, Turn
from shared.settings import Settings

# request, receipt and read-back travel one after the other; each is a commit, a record, a read.
HOPS = 3
CLAIM_CHECKS = 2  # by the slice and by its verifier
PAYLOAD = bytes(1_000)


async def rounds(settings: Settings, origin: Origin, count: int) -> list[Round]:
    """Take turns: one real erasure, one bare walk of the same hops."""
    people = await subscribe_many(settings, count)
    producer = await broker.raw_producer(settings)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    await consumer.start()
    place = TopicPartition(broker.LIMIT_TOPIC, broker.PARTITION)
    consumer.assign([place])
    await consumer.seek_to_end(place)
    await consumer.position(place)
    found: list[Round] = []
    every: list[UUID] = []
    try:
        async with Admin(settings, "erasure") as database, _http() as http:
            await database.execute(
                "create table limit_hop (id bigint generated always as identity)"
            )
            for one in people:
                began = time.perf_counter()
                requests = await origin.open([one])
                await certified(settings, requests)
                ours = Turn(1, time.perf_counter() - began)
                every += requests
                await drained(settings)
                began = time.perf_counter()
                await _walk(settings, database, http, producer, consumer)
                found.append(Round(ours, Turn(1, time.perf_counter() - began)))
        await ended(settings, every)
    finally:
        await producer.stop()
        await consumer.stop()
    return found


def _http() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False)


async def _walk(
    settings: Settings,
    database: Any,
    http: httpx2.AsyncClient,
    producer: AIOKafkaProducer,
    consumer: AIOKafkaConsumer,
) -> None:
    """Commit, send, read for each hop; two calls of the internal listener; one last commit."""
    for _ in range(HOPS):
        await database.execute("insert into limit_hop default values")
        await broker.produce(producer, [broker.Raw(PAYLOAD)])
        while not await consumer.getmany(timeout_ms=100):
            pass
    for _ in range(CLAIM_CHECKS):
        await http.get(f"{settings.internal_url}/healthz")
    await database.execute("insert into limit_hop default values")
