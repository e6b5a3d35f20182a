"""Evidence of consent: the first word of each kind stays, whatever comes again or first."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.messages import ConsentGranted, ConsentWithdrawn
from contracts.topics import CONSENT
from contracts.vocabulary import Language, Method
from services.erasure.proof_period import proof_ended_before
from tests.kernel import eventually
from tests.ledger import Ledger

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HAS_BOTH = "select true from consent_evidence where consent_id = $1 and withdrawn_at is not null"


def granted(consent_id: object, at: datetime = NOW) -> ConsentGranted:
    return ConsentGranted(
        consent_id=consent_id,
        purpose="newsletter.send",
        wording="newsletter",
        wording_version=1,
        wording_sha256="0" * 64,
        language=Language.EN,
        form="subscribe",
        method=Method.DOUBLE_OPT_IN,
        granted_at=at,
    )


def withdrawn(consent_id: object, at: datetime = NOW) -> ConsentWithdrawn:
    return ConsentWithdrawn(
        consent_id=consent_id, purpose="newsletter.send", method=Method.PAGE, withdrawn_at=at
    )


async def test_both_halves_stay_in_whichever_order_they_come(on: Ledger) -> None:
    forwards, backwards, lone = uuid4(), uuid4(), uuid4()
    later = NOW + timedelta(days=1)
    said = (
        granted(forwards),
        withdrawn(forwards),
        granted(forwards, later),
        withdrawn(backwards),
        withdrawn(backwards, later),
        granted(backwards),
        granted(lone),
    )
    async with on.working():
        for message in said:
            await on.say(on.signer("newsletter"), message)
        await eventually(
            lambda: on.value("select true from consent_evidence where consent_id = $1", lone)
        )

    rows = await on.rows("select consent_id, granted_at, withdrawn_at from consent_evidence")
    assert {row["consent_id"]: (row["granted_at"], row["withdrawn_at"]) for row in rows} == {
        forwards: (NOW, NOW),
        backwards: (NOW, NOW),
        lone: (NOW, None),
    }


YEAR = timedelta(days=365)


@pytest.mark.rule("R-NL-09")
@pytest.mark.parametrize(
    ("now", "period", "before"),
    [
        (datetime(2030, 6, 1, tzinfo=UTC), 3 * YEAR, datetime(2026, 12, 31, 23, tzinfo=UTC)),
        (datetime(2029, 12, 31, 23, 30, tzinfo=UTC), YEAR, datetime(2028, 12, 31, 23, tzinfo=UTC)),
        (datetime(2030, 6, 1, tzinfo=UTC), timedelta(0), datetime(2030, 6, 1, tzinfo=UTC)),
    ],
)
def test_a_proof_is_kept_to_the_end_of_its_last_year(
    now: datetime, period: timedelta, before: datetime
) -> None:
    assert proof_ended_before(now, period) == before


@pytest.mark.rule("R-NL-09")
async def test_the_proof_of_a_consent_goes_when_its_period_is_over(on: Ledger) -> None:
    old, young, lives = uuid4(), uuid4(), uuid4()
    async with on.working():
        for consent, at in ((old, NOW - 6 * YEAR), (young, NOW), (lives, NOW - 6 * YEAR)):
            await on.say(on.signer("newsletter"), granted(consent, at))
        await on.say(on.signer("newsletter"), withdrawn(young))
        await on.say(on.signer("newsletter"), withdrawn(old, NOW - 6 * YEAR))

        async def only_these() -> bool:
            rows = await on.rows(
                "select consent_id from consent_evidence where consent_id = any($1)",
                [old, young, lives],
            )
            cursor = await on.value("select count(*) from consumer_cursor")
            return bool(cursor) and {row["consent_id"] for row in rows} == {young, lives}

        await eventually(lambda: on.value(HAS_BOTH, young))
        await eventually(only_these)

        async def forgotten() -> set[bytes]:
            return {key for key, value in await _consents_on_topic(on) if value is None}

        first = await eventually(forgotten)
        await on.rows("update consent_tombstone set due_at = now() where consent_id = $1", old)
        await eventually(lambda: _empty(on, "consent_tombstone"))
        await on.say(on.signer("newsletter"), granted(new := uuid4()))  # it reads on behind them
        await eventually(
            lambda: on.value("select true from consent_evidence where consent_id = $1", new)
        )
        both = await eventually(forgotten)

    assert first == {f"{old}/granted".encode()}, "a grant alone that ended is never to be seen"
    assert both == {f"{old}/granted".encode(), f"{old}/withdrawn".encode()}
    assert await on.value("select count(*) from quarantine") == 0


async def _empty(on: Ledger, table: str) -> bool:
    return not await on.rows(f"select from {table}")


async def _consents_on_topic(on: Ledger) -> list[tuple[bytes, bytes | None]]:
    """Read the whole topic: keys and values."""
    topic = on.settings.topic(CONSENT.name)
    consumer = AIOKafkaConsumer(bootstrap_servers=on.settings.kafka)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        consumer.seek(place, 0)
        found = []
        while await consumer.position(place) < end:
            batches = await consumer.getmany(timeout_ms=500)
            found += [(one.key, one.value) for one in batches.get(place, ())]
        return found
    finally:
        await consumer.stop()
