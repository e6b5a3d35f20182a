"""Who is silent is asked again; what is late is marked. The rows are moved, nobody waits."""

from datetime import UTC, datetime, timedelta

from contracts.messages import SagaReminded, SliceFailed, parse, split_lines
from services.erasure.clock import Clock
from services.erasure.settings import ErasureSettings
from services.erasure.store import progress
from tests.kernel import eventually
from tests.ledger import Ledger

REQUESTS = "select {} from {} where position('erasure-requested'::bytea in value) > 0"
FAILED = "select true from saga_failure where request_id = $1"


async def step(on: Ledger) -> list[SagaReminded]:
    """Let the clock look once; return who was reminded."""
    database = await on.open_database()
    try:
        while await Clock(database, ErasureSettings()).step():
            pass
    finally:
        await database.close()
    values = await on.rows("select value from outbox order by id")
    messages = [parse(line).message for row in values for line in split_lines(row["value"])]
    return [message for message in messages if isinstance(message, SagaReminded)]


async def make_due(on: Ledger, column: str, request_ids: list[object]) -> None:
    """Move a date of open sagas into the past."""
    async with on.database.begin() as tx:
        await tx.execute(
            f"update open_saga set {column} = $2 where request_id = any($1)",
            request_ids,
            datetime.now(UTC) - timedelta(minutes=1),
        )


async def test_silent_participants_are_reminded_and_the_request_is_sent_again_once(
    on: Ledger,
) -> None:
    first, second = [await on.ask() for _ in range(2)]
    await on.answer(first, "events")
    async with on.working():
        await on.caught_up()
    await make_due(on, "remind_at", [first.id, second.id])

    reminded = await step(on)
    sent_again = await on.rows(REQUESTS.format("value", "outbox"))
    await make_due(on, "remind_at", [first.id])
    await on.clear_outbox()
    again = await step(on)

    assert {(one.request_id, one.service, one.reminder) for one in reminded} == {
        *((first.id, name, 1) for name in ("newsletter", "rights")),
        *((second.id, name, 1) for name in ("events", "newsletter", "rights")),
    }
    evidence = await on.rows(REQUESTS.format("value", "evidence"))
    assert sorted(row["value"] for row in sent_again) == sorted(row["value"] for row in evidence)
    assert {(one.service, one.reminder) for one in again} == {("newsletter", 2), ("rights", 2)}
    assert await on.value(REQUESTS.format("count(*)", "outbox")) == 0
    await on.clear_outbox()


async def test_what_is_late_is_marked_and_stays_open(on: Ledger) -> None:
    saga = await on.ask()
    async with on.working():
        await on.caught_up()
    await make_due(on, "due_at", [saga.id])

    await step(on)

    async with on.database.begin() as tx:
        shown = await progress.of(tx, saga.id)
    assert (shown["state"], shown["overdue_at"] is not None) == ("collecting", True)


async def test_a_failure_is_shown_and_is_no_answer(on: Ledger) -> None:
    saga = await on.ask()
    for service in ("events", "rights"):
        await on.answer(saga, service)
    failed = SliceFailed(request_id=saga.id, error="AliasGone")
    await on.say(on.signer("newsletter"), failed)

    async with on.working():
        await eventually(lambda: on.value(FAILED, saga.id))
        await on.caught_up()

    async with on.database.begin() as tx:
        shown = await progress.of(tx, saga.id)
    assert shown["failed"] == {"newsletter": "AliasGone"}
    assert shown["missing"] == {"newsletter": "receipt"}
    assert await on.certificate(saga.id) is None
