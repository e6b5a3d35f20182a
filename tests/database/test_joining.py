"""Effects of several callers share a transaction, and none of them is harmed by another's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from shared.database import Database, Transaction
from shared.database.joining import AT_ONCE, Joining
from tests.contracts.samples import WITHDRAWN
from tests.database import slice as club

Effect = Callable[[Transaction], Awaitable[UUID]]


@pytest_asyncio.fixture(loop_scope="session")
async def joining(app: Database) -> AsyncIterator[Joining]:
    """Join effects on the club's database."""
    made = Joining(app)
    yield made
    await made.close()


def joins(transactions: list[Transaction]) -> Effect:
    """Make an effect that enters somebody, tells something, and notes its transaction."""

    async def effect(tx: Transaction) -> UUID:
        subject = await club.join(tx)
        tx.tell(WITHDRAWN.model_copy(update={"consent_id": uuid4(), "withdrawn_at": tx.now}))
        transactions.append(tx)
        return subject

    return effect


async def fails(_: Transaction) -> UUID:
    raise ZeroDivisionError


async def stored(database: Database, subjects: list[UUID]) -> int:
    async with database.begin() as tx:
        count: int = await tx.fetchval(
            "select count(*) from subject where subject_id = any($1::uuid[])", subjects
        )
    return count


async def test_what_comes_at_once_is_committed_together(app: Database, joining: Joining) -> None:
    seen: list[Transaction] = []
    effect = joins(seen)

    subjects = await asyncio.gather(*(joining.run(effect, effect) for _ in range(60)))

    assert await stored(app, subjects) == len(set(subjects)) == len(seen) == 60
    assert len({id(tx) for tx in seen}) <= 3


async def test_one_that_fails_harms_nobody_and_learns_why(app: Database, joining: Joining) -> None:
    seen: list[Transaction] = []
    effect = joins(seen)

    answers = await asyncio.gather(
        *(joining.run(effect, effect) for _ in range(5)),
        joining.run(fails, fails),
        *(joining.run(effect, effect) for _ in range(5)),
        return_exceptions=True,
    )

    subjects = [answer for answer in answers if isinstance(answer, UUID)]
    assert [type(one) for one in answers if not isinstance(one, UUID)] == [ZeroDivisionError]
    assert await stored(app, subjects) == len(subjects) == 10


async def test_what_cannot_be_done_together_is_done_alone(app: Database, joining: Joining) -> None:
    alone = joins([])

    subject = await joining.run(fails, alone)

    assert await stored(app, [subject]) == 1


async def test_who_waits_at_the_end_is_still_answered(app: Database) -> None:
    joining, seen = Joining(app), list[Transaction]()
    effect = joins(seen)
    waiting = [asyncio.create_task(joining.run(effect, effect)) for _ in range(AT_ONCE * 3)]
    await asyncio.sleep(0)

    await joining.close()

    assert await stored(app, [await one for one in waiting]) == AT_ONCE * 3


async def test_who_leaves_takes_nobody_along(app: Database, joining: Joining) -> None:
    effect = joins([])
    staying, leaving = (asyncio.create_task(joining.run(effect, effect)) for _ in range(2))
    await asyncio.sleep(0)

    leaving.cancel()

    assert await stored(app, [await staying]) == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_nobody_waits_one_by_one_for_a_database_that_is_away(joining: Joining) -> None:
    tried: list[str] = []

    async def away(_: Transaction) -> UUID:
        tried.append("together")
        raise ConnectionRefusedError

    async def alone(_: Transaction) -> UUID:
        tried.append("alone")
        raise ConnectionRefusedError

    answers = await asyncio.gather(
        *(joining.run(away, alone) for _ in range(5)), return_exceptions=True
    )

    assert {type(one) for one in answers} == {ConnectionRefusedError}
    assert "alone" not in tried
