"""The views on a real broker, as the process that an operator runs: rebuilt, compared, alarmed."""

import asyncio
import contextlib
import io
import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from contracts.vocabulary import Role
from services.erasure.views.compare import Drift, compare
from services.erasure.views.run import once
from services.erasure.views.settings import ViewsSettings
from services.newsletter.declaration import SERVICE as NEWSLETTER
from shared.database import Database, apply
from shared.keys import load_ring
from shared.logs import set_up_logs
from shared.stack.ports import free_ports
from shared.web import internal_app
from shared.web.configuration import WebSettings
from shared.web.listening import listening
from tests.erasure.test_consents import granted, withdrawn
from tests.kernel import eventually
from tests.ledger import Ledger, Saga
from tests.processes import ended, fork

PATIENCE_S = 60
Said = dict[str, Any]


async def rebuilt(on: Ledger, **changes: Any) -> Said:
    """Rebuild everything from the log, compare, and end."""
    settings = on.settings.model_copy(update=changes)
    chosen = ViewsSettings(views_settle=timedelta(0))
    async with asyncio.timeout(PATIENCE_S):
        return await once(settings, load_ring(settings), chosen)


@contextlib.asynccontextmanager
async def running(environment: Mapping[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    """Run `expunge views` until the block ends; gives a client of its pages."""
    (port,) = free_ports(1)
    bound = {**environment, "EXPUNGE_VIEWS_BIND": f"127.0.0.1:{port}"}
    process = fork(["views"], bound, stderr=subprocess.DEVNULL)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def is_ready() -> bool:
                try:
                    return (await client.get("/readyz")).status_code == 200
                except httpx2.HTTPError:
                    return False

            await eventually(is_ready)
            yield client
    finally:
        process.terminate()
        assert await ended(process) == 0


async def heard(on: Ledger, *consents: UUID, sagas: Sequence[Saga] = ()) -> None:
    """Let the ledger's worker store the evidence of consents, and certify sagas on the topic."""
    async with on.working():
        sql = "select count(*) from consent_evidence where consent_id = any($1)"

        async def all_there() -> bool:
            found: int = await on.value(sql, consents)
            return found == len(consents)

        await eventually(all_there)
        if sagas:
            await eventually(lambda: on.told(sagas))


async def shown(client: httpx2.AsyncClient) -> Said:
    said: Said = (await client.get("/views")).json()
    return said


@pytest.mark.rule("R-7-01")
async def test_every_run_rebuilds_from_zero_and_a_late_copy_counts_once(
    on: Ledger, environment: Mapping[str, str]
) -> None:
    given, taken, backwards = uuid4(), uuid4(), uuid4()
    slice_ = on.signer("newsletter")
    for message in (granted(given), granted(taken), withdrawn(backwards), granted(backwards)):
        await on.say(slice_, message)
    saga = await on.whole_saga()
    await heard(on, given, taken, backwards, sagas=[saga])

    first = await rebuilt(on)
    await on.say(slice_, withdrawn(taken))
    record, proof = on.seal(slice_, [granted(given)])
    await on.send(record, proof)
    await on.send(record, proof)
    await on.say(slice_, granted(taken))  # a copy that comes after its withdrawal
    async with running(environment) as client:
        await on.say(slice_, granted(given))

        async def read_all() -> bool:
            return bool((await shown(client))["live_consents"] == {"newsletter.send": 1})

        await eventually(read_all)
        second = await shown(client)
        gauges = (await client.get("/metrics")).text

    assert first["live_consents"] == {"newsletter.send": 2}
    assert first["sagas"] == {"certified": 1}
    assert first["drift"] == []
    assert second["consents_by_day"] == {"2026-01-02": {"granted": 3, "withdrawn": 2}}
    assert 'expunge_views_live_consents{purpose="newsletter.send"} 1' in gauges
    assert str(saga.id) not in json.dumps(second)


async def test_a_request_shows_who_owes_an_answer(on: Ledger) -> None:
    saga = await on.ask(participants=("newsletter", "rights"))
    before = await rebuilt(on)
    await on.answer(saga, "rights")
    after = await rebuilt(on)

    assert before["answers_missing"] == {"newsletter": 1, "rights": 1}
    assert after["answers_missing"] == {"newsletter": 1}
    assert (before["sagas"]["dispatched"], after["sagas"]["collecting"]) == (1, 1)


async def test_a_record_that_nobody_of_ours_signed_is_not_believed(on: Ledger) -> None:
    before = await rebuilt(on)
    slice_ = on.signer("newsletter")
    record, proof = on.seal(slice_, [granted(uuid4())])
    other, _ = on.seal(slice_, [granted(uuid4())])
    await on.send(other, proof)  # its signature is of another record
    await on.say(on.signer("newsletter", Role.VERIFIER), granted(uuid4()))
    after = await rebuilt(on)

    assert record.lines != other.lines
    assert after["live_consents"] == before["live_consents"]
    assert after["ignored_records"] == {"consent.v1": 2}


@pytest.mark.rule("R-7-01")
async def test_what_an_owner_counts_otherwise_is_drift_and_an_alarm(on: Ledger) -> None:
    lost = uuid4()
    await on.say(on.signer("newsletter"), granted(lost))
    await heard(on, lost)
    before = await rebuilt(on)
    async with on.database.begin() as tx:  # a withdrawal that only the ledger has
        await tx.execute(
            "update consent_evidence set withdrawn_at = now() where consent_id = $1", lost
        )
    sink = io.StringIO()
    set_up_logs("views", sink=sink, strict=True)
    after = await rebuilt(on)

    assert before["drift"] == []
    (found,) = after["drift"]
    assert (found["purpose"], found["views"] - found["evidence"]) == ("newsletter.send", 1)
    alarms = [json.loads(line) for line in sink.getvalue().splitlines() if "views-drift" in line]
    assert [one["level"] for one in alarms] == ["critical"]


async def test_a_slice_is_asked_with_our_credential_and_its_numbers_count(on: Ledger) -> None:
    settings = on.settings
    await apply(settings, "newsletter", NEWSLETTER.folder / "migrations")
    pool = await Database.connect(settings, "newsletter", "app")
    async with pool.begin() as tx:
        await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
        subject = uuid4()
        await tx.execute("insert into subject (subject_id) values ($1)", subject)
        await tx.execute(
            """
            insert into consent
            select gen_random_uuid(), $1, 'newsletter.send', 'w', '1', '', 'de', 'f', now()
              from generate_series(1, 40)
            """,
            subject,
        )
    await pool.close()
    app = internal_app(settings, [NEWSLETTER.part()], configuration=WebSettings())
    async with listening(app, "127.0.0.1:0", WebSettings()) as port:
        base = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=base) as stranger:
            refused = await stranger.get("/internal/v1/consents/newsletter")
        ran = await rebuilt(on, internal_url=base)
    await app.state.web.close()

    assert refused.status_code == 403
    (found,) = [one for one in ran["drift"] if one["purpose"] == "newsletter.send"]
    assert found["slice"] == 40
    assert "newsletter" not in ran["away"]


TWO = {"newsletter.send": 2}


@pytest.mark.parametrize(
    ("views", "evidence", "slices", "drift", "away"),
    [
        (TWO, TWO, {"newsletter": TWO}, 0, 0),
        (TWO, TWO, {"newsletter": None}, 0, 1),
        (TWO, TWO, {}, 0, 0),
        (TWO, {}, {"newsletter": TWO}, 1, 0),
        (TWO, TWO, {"newsletter": {}}, 1, 0),
        ({}, {}, {"newsletter": {"newsletter.send": 1}}, 1, 0),
    ],
)
def test_a_slice_that_is_away_is_not_wrong(
    views: dict[str, int],
    evidence: dict[str, int],
    slices: dict[str, dict[str, int] | None],
    drift: int,
    away: int,
) -> None:
    found = compare(views, evidence, slices)

    assert (len(found.drift), len(found.away)) == (drift, away)
    assert all(isinstance(one, Drift) for one in found.drift)
