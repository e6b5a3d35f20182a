"""Evidence of consent: the first word of each kind stays, whatever comes again or first."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from contracts.messages import ConsentGranted, ConsentWithdrawn
from contracts.vocabulary import Language, Method
from tests.kernel import eventually
from tests.ledger import Ledger

NOW = datetime(2026, 1, 2, tzinfo=UTC)


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
