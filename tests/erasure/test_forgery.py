"""Nobody speaks for another: what is signed by the wrong key counts for nothing and is kept."""

from contracts.vocabulary import Role
from tests.kernel import eventually
from tests.ledger import Ledger, read_back, receipt, requested


async def quarantined(on: Ledger, offset: int) -> bool:
    """Say whether the record at an offset was set aside."""
    sql = 'select true from quarantine where "offset" = $1'
    return bool(await on.value(sql, offset))


async def test_a_receipt_signed_by_another_service_is_quarantined(on: Ledger) -> None:
    saga = await on.ask()
    await on.answer(saga, "events")
    await on.answer(saga, "newsletter")
    forged = receipt(saga.id, covered_until=saga.requested.cutoff)

    record, proof = on.seal(on.signer("newsletter"), [forged], source="rights")
    offset = await on.send(record, proof)
    async with on.working():
        await eventually(lambda: quarantined(on, offset))
        await on.caught_up()

        assert await on.certificate(saga.id) is None

        await on.answer(saga, "rights")
        await on.certified(saga)


async def test_a_read_back_by_another_services_verifier_is_quarantined(on: Ledger) -> None:
    saga = await on.ask(participants=("events", "newsletter", "rights"))
    for service in ("events", "rights"):
        await on.answer(saga, service)
    said = receipt(saga.id, covered_until=saga.requested.cutoff)
    (line,) = await on.say(on.signer("newsletter"), said)

    record, proof = on.seal(
        on.signer("events", Role.VERIFIER), [read_back("newsletter", line, said)]
    )
    offset = await on.send(record, proof)
    async with on.working():
        await eventually(lambda: quarantined(on, offset))
        await on.caught_up()

        assert await on.certificate(saga.id) is None

        await on.say(on.signer("newsletter", Role.VERIFIER), read_back("newsletter", line, said))
        await on.certified(saga)


async def test_a_service_cannot_verify_itself(on: Ledger) -> None:
    saga = await on.ask()
    said = receipt(saga.id, covered_until=saga.requested.cutoff)
    (line,) = await on.say(on.signer("newsletter"), said)

    record, proof = on.seal(on.signer("newsletter"), [read_back("newsletter", line, said)])
    offset = await on.send(record, proof)

    async with on.working():
        assert await eventually(lambda: quarantined(on, offset))


async def test_a_service_may_ask_for_its_own_slice_only(on: Ledger) -> None:
    message = requested(origin="events")
    record, proof = on.seal(on.signer("events"), [message])
    offset = await on.send(record, proof)

    async with on.working():
        await eventually(lambda: quarantined(on, offset))
        await on.caught_up()

    assert (
        await on.value("select count(*) from saga where request_id = $1", message.request_id) == 0
    )


async def test_what_a_verifier_still_finds_keeps_the_saga_open(on: Ledger) -> None:
    saga = await on.ask()
    for service in ("events", "rights"):
        await on.answer(saga, service)
    await on.answer(saga, "newsletter", left=2)

    async with on.working():
        await on.caught_up()
        before = await on.certificate(saga.id)
        await on.answer(saga, "newsletter", attempt=1)
        await on.certified(saga)

    assert before is None
