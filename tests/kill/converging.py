"""What must be true of an installation whatever was killed in it."""

from collections.abc import Collection
from uuid import UUID

from aiokafka import AIOKafkaConsumer

from contracts.messages import ErasureCertified, SliceErased, SliceReerased, parse, split_lines
from contracts.topics import ERASURE
from services import registry
from tests.installation import Installation

READ_MS = 1_000


async def requests_of(installation: Installation) -> set[UUID]:
    """Give the ids of all requests there ever were."""
    rows = await installation.ask("erasure", "select request_id from saga")
    return {row["request_id"] for row in rows}


async def told_once(installation: Installation, but_for: Collection[UUID] = ()) -> None:
    """Assert one receipt of each service for each request, and one certificate for each.

    `but_for` are requests of others: after a restored backup a service tells of one twice.
    """
    questions = (
        "select request_id, scope, participants from saga",
        "select request_id, service, count(*) as count from saga_receipt group by 1, 2",
        "select request_id from certificate",
    )
    answers = [await installation.ask("erasure", question) for question in questions]
    sagas, receipts, certified = (
        [row for row in rows if row["request_id"] not in but_for] for rows in answers
    )
    requests = {row["request_id"] for row in sagas}
    expected = {(row["request_id"], name, 1) for row in sagas for name in row["participants"]}
    asked = {tuple(row["participants"]) for row in sagas if row["scope"] is None}
    assert asked <= {tuple(sorted(registry.participants()))}
    assert {tuple(row.values()) for row in receipts} == expected
    assert sorted(row["request_id"] for row in certified) == sorted(requests)


async def same_bytes(installation: Installation) -> int:
    """Assert that a receipt told twice has the same bytes, and one certificate for each request.

    Returns how many different receipts stand on the topic.
    """
    receipts: dict[tuple[object, ...], set[bytes]] = {}
    certificates: dict[object, set[str]] = {}
    for line in await lines(installation):
        message = parse(line).message
        if isinstance(message, SliceErased | SliceReerased):
            attempt = (parse(line).source, message.receipt_id, message.attempt)
            receipts.setdefault(attempt, set()).add(line)
        elif isinstance(message, ErasureCertified):
            digests = certificates.setdefault(message.request_id, set())
            digests.add(str(message.certificate_sha256))
    assert all(len(found) == 1 for found in receipts.values())
    assert all(len(found) == 1 for found in certificates.values())
    return len(receipts)


async def lines(installation: Installation) -> list[bytes]:
    """Read every line of the erasure topic, in the order of each partition."""
    topic = installation.settings.topic(ERASURE.name)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=installation.settings.kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        (partition,) = consumer.assignment()
        end = (await consumer.end_offsets([partition]))[partition]
        await consumer.seek_to_beginning(partition)
        found: list[bytes] = []
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=READ_MS)).values():
                for record in records:
                    found += split_lines(record.value)
        return found
    finally:
        await consumer.stop()
