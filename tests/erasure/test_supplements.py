"""What slices say after their receipts reaches the bundle, if a receipt announced it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.bundle import Bundle
from contracts.messages import Held, HoldEnded, Message, ProcessorAnswered
from contracts.verify_bundle import verify
from contracts.vocabulary import Ground, Outcome, ProcessorState
from services.erasure.bundles import bundles
from tests.kernel import eventually
from tests.ledger import Ledger, Saga

UNTIL = datetime(2026, 1, 31, 23, tzinfo=UTC)
HELD = Held(ground=Ground.LEGAL_OBLIGATION, reference="ao-147-3", until=UNTIL, rows=2)
NOW = datetime.now(UTC)


def answered(saga: Saga, recipient: str) -> ProcessorAnswered:
    return ProcessorAnswered(
        request_id=saga.id,
        recipient=recipient,
        state=ProcessorState.CONFIRMED,
        reason=None,
        answered_at=NOW,
    )


def ended(saga: Saga, **other: Any) -> HoldEnded:
    said = {**HELD.model_dump(), "request_id": saga.id, "ended_at": UNTIL + timedelta(seconds=1)}
    return HoldEnded(**{**said, **other})


async def announced(on: Ledger) -> Saga:
    """Certify a saga of which events tells two recipients and keeps two rows."""
    saga = await on.ask()
    await on.answer(
        saga, "events", recipients=("eloqua", "post"), outcome=Outcome.HELD, held=(HELD,)
    )
    for service in ("newsletter", "rights"):
        await on.answer(saga, service)
    return saga


async def bundle_of(on: Ledger, saga: Saga) -> Bundle:
    async with on.database.begin() as tx:
        found: Mapping[Any, Bundle] = await bundles(tx, [saga.id], on.settings.trust.read_bytes())
    return found[saga.id]


async def heard(on: Ledger, saga: Saga, count: int) -> None:
    sql = "select count(*) from saga_supplement where request_id = $1"
    await eventually(lambda: _is(on.value(sql, saga.id), count))


async def _is(value: Any, wanted: int) -> bool:
    return bool(await value == wanted)


async def test_the_certificate_names_recipients_and_a_later_bundle_their_answers(
    on: Ledger,
) -> None:
    saga = await announced(on)
    async with on.working():
        await on.certified(saga)
        before = verify((await bundle_of(on, saga)).to_json())
        said: list[Message] = [answered(saga, "post"), answered(saga, "eloqua"), ended(saga)]
        for one in said:
            await on.say(on.signer("events"), one)
        await on.end(saga)
        await heard(on, saga, len(said))
        sql = "select count(*) from saga_end where request_id = $1"
        await eventually(lambda: _is(on.value(sql, saga.id), 1))
    after = verify((await bundle_of(on, saga)).to_json())

    assert before["problem"] == after["problem"] == ""
    assert [one["recipient"] for one in before["certificate"]["processors"]] == ["eloqua", "post"]
    assert (before["certificate"], before["since"]) == (after["certificate"], [])
    assert sorted(one["type"] for one in after["since"]) == [
        "aliases-destroyed",
        "hold-ended",
        "processor-answered",
        "processor-answered",
    ]


async def test_what_no_receipt_announced_is_evidence_and_in_no_bundle(on: Ledger) -> None:
    saga = await announced(on)
    async with on.working():
        await on.certified(saga)
        for service, said in (
            ("events", answered(saga, "hotjar")),
            ("rights", answered(saga, "post")),
            ("events", ended(saga, reference="hgb-257")),
            ("events", answered(saga, "post")),
            ("events", answered(saga, "post")),
        ):
            await on.say(on.signer(service), said)
        await heard(on, saga, 4)
    bundle = await bundle_of(on, saga)
    report = verify(bundle.to_json())

    assert report["problem"] == ""
    assert [(one["service"], one["recipient"]) for one in report["since"]] == [("events", "post")]


async def test_every_line_of_a_bundle_says_where_it_stood(on: Ledger) -> None:
    saga = await announced(on)
    async with on.working():
        await on.certified(saga)
    bundle = await bundle_of(on, saga)
    said = verify(bundle.to_json())["certificate"]["participants"]

    assert [one.offset for one in bundle.receipts] == [one["topic"]["offset"] for one in said]
    assert None not in {one.offset for one in (bundle.request, *bundle.read_backs)}
