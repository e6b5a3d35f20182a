"""Keys change while sagas are under way: every saga converges, and an auditor finds nothing."""

from uuid import UUID

import orjson

from contracts.verify_bundle import verify
from contracts.vocabulary import Role
from services.erasure.bundles import bundles
from shared.settings import Settings
from tests.auditing import expunge
from tests.ledger import Ledger, Saga, ledger, read_back, receipt


async def _bundle(on: Ledger, request_id: UUID) -> bytes:
    async with on.database.begin() as tx:
        made = await bundles(tx, [request_id], on.settings.trust.read_bytes())
    return made[request_id].to_json()


async def _certified(on: Ledger, saga: Saga) -> None:
    async with on.working():
        await on.certified(saga)
        await on.told_of(saga)


async def test_keys_change_and_nothing_that_was_said_is_lost(
    settings: Settings, environment: dict[str, str]
) -> None:
    async def keys(*arguments: str) -> None:
        code, _ = await expunge(environment, "keys", *arguments)
        assert code == 0

    async with ledger(settings) as on:
        old = on.signer("newsletter"), on.signer("newsletter", Role.VERIFIER)
        first, under_way = await on.whole_saga(), await on.ask()
        await on.answer(under_way, "newsletter")
        await _certified(on, first)
        kept = await _bundle(on, first.id)

        for arguments in (
            ("newsletter",),
            ("newsletter", "--role", "verifier"),
            ("events",),
            ("rights",),
            ("erasure",),
        ):
            await keys("rotate", *arguments)
        for service in under_way.requested.participants:
            if service not in under_way.receipts:
                await on.answer(under_way, service)
        later = await on.whole_saga()
        await _certified(on, under_way)
        await _certified(on, later)
        await keys("retire", old[0].key_id)
        await keys("revoke", old[1].key_id)
        last = await on.whole_saga()
        await _certified(on, last)

        sound, _ = await expunge(environment, "audit", "replay")
        trust = settings.trust.read_bytes()
        valid = [verify(await _bundle(on, one.id), trust=trust)["valid"] for one in (first, last)]
        again = verify(kept, trust=trust)["valid"], verify(kept)["valid"]
        stolen = await on.ask()
        said = receipt(stolen.id, covered_until=stolen.requested.cutoff)
        (line,) = await on.say(on.signer("newsletter"), said)
        await on.say(old[1], read_back("newsletter", line, said))
        code, told = await expunge(environment, "audit", "replay", "--json")

    assert sound == 0
    assert valid == [True, True]
    assert again == (True, True)
    first_found = orjson.loads(told)["findings"]["first"][0]
    assert (code, first_found["kind"]) == (1, "forged")
    assert "revoked" in first_found["what"]
