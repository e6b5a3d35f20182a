"""What slices say after their receipts reaches the bundle, if a receipt announced it."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from pypdf import PdfReader

from contracts.bundle import Bundle
from contracts.messages import Held, HoldEnded, Message, ProcessorAnswered
from contracts.tlog.checkpoint import LogProof
from contracts.trust import Trust
from contracts.verify_bundle import verify
from contracts.vocabulary import Ground, Outcome, ProcessorState, Role
from services.erasure.bundles import bundles
from services.erasure.declaration import SERVICE
from services.erasure.filling import with_places
from services.erasure.printing import print_certificate
from shared.web import public_app
from shared.web.configuration import WebSettings
from shared.web.language import Language
from tests.erasure.test_log import entries, settled
from tests.kernel import eventually
from tests.ledger import Ledger, Saga
from tests.revoking import end_at, revoked

UNTIL = datetime(2026, 1, 31, 23, tzinfo=UTC)
HELD = Held(ground=Ground.LEGAL_OBLIGATION, reference="ao-147-3", until=UNTIL, rows=2)
NOW = datetime.now(UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(on: Ledger) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client of the public pages."""
    app = public_app(on.settings, [SERVICE.part()], configuration=WebSettings())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as opened:
        yield opened
    await app.state.web.close()


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


@pytest.mark.rule("R-3P-03", "R-ACC-11")
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


async def test_what_was_said_since_is_proven_to_be_in_the_log_once_it_is(on: Ledger) -> None:
    saga = await announced(on)
    async with on.working():
        await on.certified(saga)
        for one in (answered(saga, "post"), ended(saga)):
            await on.say(on.signer("events"), one)
        await on.end(saga)
        await settled(on)
        log = await entries(on)
    bundle = await bundle_of(on, saga)
    since = verify(bundle.to_json())["since"]
    without = "update log_leaf set log_index = null where log_index = $1"
    async with on.database.begin() as tx:
        await tx.execute(without, since[0]["log"]["index"])
    waiting = verify((await bundle_of(on, saga)).to_json())
    async with on.database.begin() as tx:
        index = since[0]["log"]["index"]
        again = "update log_leaf set log_index = $1 where digest = $2"
        await tx.execute(again, index, log[index][1:])

    assert len({one["log"]["index"] for one in since}) == len(since) == 3
    key = on.signer("erasure", Role.LOG).public
    for line, said in zip(bundle.supplements, since, strict=True):
        proof = LogProof.read(line.log_proof or "")
        assert proof.at == said["log"]["index"]
        assert proof.check(log[proof.at], key).size == said["log"]["size"]
    assert (waiting["problem"], waiting["since"][0]["log"]) == ("", None)

    older = [line.model_copy(update={"log_proof": None}) for line in bundle.supplements]
    old = bundle.model_copy(update={"supplements": tuple(older)}).to_json()
    async with on.database.begin() as tx:
        assert await with_places(tx, old, on.settings.trust.read_bytes()) == bundle.to_json()


@pytest.mark.rule("R-3P-03", "R-ACC-11")
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


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("en", ["Since then", "Print and post provider confirmed", "2 entries", "ao-147-3"]),
        ("de", ["Seither", "Print and post provider hat die Löschung best", "2 Einträge"]),
    ],
)
async def test_page_and_paper_say_what_was_said_since(
    on: Ledger, client: httpx2.AsyncClient, lang: str, says: list[str]
) -> None:
    saga = await announced(on)
    async with on.working():
        await on.certified(saga)
        for one in (answered(saga, "post"), ended(saga)):
            await on.say(on.signer("events"), one)
        await heard(on, saga, 2)
    bundle = await bundle_of(on, saga)
    since = verify(bundle.to_json())["since"]

    page = await client.post(f"/{lang}/erasure/verify", data={"bundle": bundle.to_json().decode()})
    pdf = print_certificate(bundle.certificate, Language(lang), "https://a.example.org", since)
    paper = " ".join(" ".join(p.extract_text() for p in PdfReader(BytesIO(pdf)).pages).split())

    assert page.status_code == 200
    assert [word for word in says if word not in page.text] == []
    assert [word for word in says if word not in paper] == []
    assert "Oracle (Eloqua)" in page.text
    assert "Oracle (Eloqua)" in paper


@pytest.mark.parametrize("old", [True, False])
async def test_our_page_knows_where_the_lines_of_an_old_bundle_stood(
    on: Ledger, client: httpx2.AsyncClient, *, old: bool
) -> None:
    saga = await announced(on)
    async with on.working():
        await on.certified(saga)
    bundle = (await bundle_of(on, saga)).model_dump(by_alias=True, mode="json")
    places = [bundle["request"], *bundle["receipts"], *bundle["readBacks"]]
    offset = max(place["offset"] for place in places)
    if old:
        for place in places:
            del place["offset"]
    trust = on.settings.trust.read_bytes()
    root = on.signer("root", Role.ROOT)
    key = on.signer("events").key_id
    seen = []
    try:
        for end in (offset + 1, 1):
            on.settings.trust.write_bytes(revoked(Trust.from_json(trust), root, key, end_at(end)))
            page = await client.post("/en/erasure/verify", data={"bundle": json.dumps(bundle)})
            seen.append("The certificate holds" in page.text)
            alone = verify(json.dumps(bundle).encode(), trust=on.settings.trust.read_bytes())
            assert alone["valid"] is (not old and end > 1)
    finally:
        on.settings.trust.write_bytes(trust)

    assert seen == [True, False]
