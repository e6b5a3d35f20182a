"""Search databases and topics for markers, and say where one was found, never what."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

READ_TIMEOUT_MS = 1_000


@dataclass(frozen=True, order=True)
class Found:
    """A place that still names somebody: `newsletter.subscriber`, `erasure.v1[0]@12`, a file."""

    place: str
    count: int


def _spellings(markers: Sequence[str]) -> list[str]:
    """Each marker as text and as the hex that PostgreSQL prints for bytes, lower case."""
    lowered = [marker.lower() for marker in markers]
    as_hex = [marker.encode().hex() for marker in markers]
    return sorted({*lowered, *as_hex})


async def in_database(connection: asyncpg.Connection, markers: Sequence[str]) -> list[Found]:
    """Every row of every table and materialised view, and the planner's statistics.

    `connection` must see everything (a superuser's). A row is compared as text, and its bytes as
    hex, without regard to case.
    """
    spellings = _spellings(markers)
    database = await connection.fetchval("select current_database()")
    relations = await connection.fetch(
        """
        select format('%I.%I', n.nspname, c.relname) as name
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'm')
           and n.nspname not in ('pg_catalog', 'information_schema')
           and n.nspname not like 'pg_toast%'
         order by 1
        """
    )
    found = []
    for relation in relations:
        count = await connection.fetchval(
            f"""
            select count(*)
              from {relation["name"]} as r
             where exists (select from unnest($1::text[]) m where strpos(lower(r::text), m) > 0)
            """,
            spellings,
        )
        if count:
            found.append(Found(f"{database}:{relation['name']}", count))
    return found + await _in_statistics(connection, database, spellings)


async def _in_statistics(
    connection: asyncpg.Connection, database: str, spellings: list[str]
) -> list[Found]:
    rows = await connection.fetch(
        """
        select s.schemaname || '.' || s.tablename || '.' || s.attname as name
          from pg_catalog.pg_stats s
         where exists (
               select from unnest($1::text[]) m
                where strpos(lower(coalesce(s.most_common_vals::text, '')
                                || coalesce(s.histogram_bounds::text, '')
                                || coalesce(s.most_common_elems::text, '')), m) > 0)
        """,
        spellings,
    )
    return [Found(f"{database}:pg_stats {row['name']}", 1) for row in rows]


async def in_databases(admin_url: str, names: Sequence[str], markers: Sequence[str]) -> list[Found]:
    """Search the named databases of one server; `admin_url` is a superuser's, without database."""
    found = []
    for name in names:
        connection = await asyncpg.connect(admin_url.rstrip("/") + "/" + name)
        try:
            found += await in_database(connection, markers)
        finally:
            await connection.close()
    return found


async def in_topics(bootstrap: str, topics: Sequence[str], markers: Sequence[str]) -> list[Found]:
    """Every record of the topics from offset 0 to the end at the start: key, headers and value."""
    wanted = [marker.lower().encode() for marker in markers]
    # Without a group the consumer takes every partition of its topics by itself.
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        partitions = sorted(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        return await _read_to(consumer, ends, wanted)
    finally:
        await consumer.stop()


async def _read_to(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], wanted: list[bytes]
) -> list[Found]:
    found: list[Found] = []
    while True:
        positions = await asyncio.gather(*(consumer.position(tp) for tp in ends))
        if all(position >= end for position, end in zip(positions, ends.values(), strict=True)):
            return found
        batches = await consumer.getmany(timeout_ms=READ_TIMEOUT_MS)
        for partition, records in batches.items():
            for record in records:
                whole = b"\n".join(
                    [record.key or b"", record.value or b"", *(v for _, v in record.headers)]
                ).lower()
                if any(marker in whole for marker in wanted):
                    place = f"{partition.topic}[{partition.partition}]@{record.offset}"
                    found.append(Found(place, 1))
