"""The gate sees what is wrong: a number without its effect never counts."""

from uuid import UUID

import pytest

from bench import gate
from bench.people import Someone, digest_of, subscribe_many
from bench.place import Admin
from bench.rounds import GateFailed
from contracts.identifiers import uuid7
from services import registry
from shared.database.migrations import apply_schemas
from shared.settings import Settings


@pytest.fixture(scope="module")
async def people(settings: Settings) -> list[Someone]:
    """Give two subscribers in the databases of an installation."""
    await apply_schemas(settings, registry.schemas())
    return await subscribe_many(settings, 2)


async def test_somebody_who_is_left_is_seen(settings: Settings, people: list[Someone]) -> None:
    with pytest.raises(GateFailed, match=r"no row of the erased in newsletter\.\w+: 2"):
        await gate.nobody_left(settings, people)


async def test_an_address_under_another_subject_is_seen(
    settings: Settings, people: list[Someone]
) -> None:
    elsewhere = [Someone(UUID(int=1), UUID(int=2), people[0].address)]

    with pytest.raises(GateFailed, match="no address of the erased: 1"):
        await gate.nobody_left(settings, elsewhere)


async def test_who_was_never_there_is_not_left(settings: Settings, people: list[Someone]) -> None:
    del people

    await gate.nobody_left(settings, [Someone(UUID(int=1), UUID(int=2), "nobody@example.org")])


async def test_somebody_who_was_touched_has_another_digest(
    settings: Settings, people: list[Someone]
) -> None:
    before = await digest_of(settings, people)
    async with Admin(settings, "newsletter") as connection:
        await connection.execute(
            "update subscriber set language = 'de' where subject_id = $1", people[0].subject_id
        )

    after = await digest_of(settings, people)

    assert {table for table in before if before[table] != after[table]} == {"subscriber"}


async def test_a_missing_receipt_is_seen(settings: Settings, people: list[Someone]) -> None:
    del people

    with pytest.raises(GateFailed, match="receipts are 2: 0"):
        await gate.all_proven(settings, [uuid7()])


async def test_what_was_quarantined_is_seen(settings: Settings, people: list[Someone]) -> None:
    del people
    await gate.drained(settings)
    async with Admin(settings, "rights") as connection:
        await connection.execute(
            """
            insert into quarantine (topic, partition, "offset", value, headers, error)
            values ('erasure.v1', 0, 0, '', '', 'BadProof')
            """
        )

    with pytest.raises(GateFailed, match=r"rights\.quarantine is empty: 1"):
        await gate.drained(settings)
