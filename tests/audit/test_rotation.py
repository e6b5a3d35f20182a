"""Keys change while sagas are under way: every saga converges, and an auditor finds nothing."""

from pathlib import Path
from uuid import UUID

import orjson

from contracts.tlog.checkpoint import Checkpoint
from contracts.verify_bundle import verify
from contracts.vocabulary import Role
from services.erasure.audit.heading import OUTLIVED
from services.erasure.bundles import bundles
from services.erasure.filling import with_places
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


async def _newest_head(on: Ledger) -> bytes:
    note: bytes = await on.value("select note from log_checkpoint order by size desc limit 1")
    return note


async def test_a_stolen_key_of_the_log_signs_no_later_head_and_proves_nothing(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    async def replayed(note: bytes) -> list[str]:
        (tmp_path / "head").write_bytes(note)
        words = ("audit", "replay", "--checkpoint", tmp_path / "head", "--json")
        _, told = await expunge(environment, *words)
        return [one["what"] for one in orjson.loads(told)["findings"]["first"]]

    async with ledger(settings) as on:
        first = await on.whole_saga()
        await _certified(on, first)
        kept, old = await _bundle(on, first.id), on.signer("erasure", Role.LOG)
        head = await _newest_head(on)
        for change in (("rotate", "erasure", "--role", "log"), ("revoke", old.key_id)):
            code, _ = await expunge(environment, "keys", *change)
            assert code == 0
        last = await on.whole_saga()
        await _certified(on, last)

        newest = await _newest_head(on)
        stolen = Checkpoint.read(newest).sign(old)
        found = [await replayed(note) for note in (head, newest, stolen)]
        trust = settings.trust.read_bytes()
        anew = [verify(await _bundle(on, one.id), trust=trust) for one in (first, last)]
        then, now = verify(kept), verify(kept, trust=trust)
        async with on.database.begin() as tx:
            filled = verify(await with_places(tx, kept, trust) or b"", trust=trust)

    assert found == [[], [], [OUTLIVED]]
    assert [one["valid"] for one in (*anew, filled, then, now)] == [True, True, True, True, False]
    assert now["problem"].startswith("the log: nobody whose word counts")


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
