"""The bundle verifies offline, its origin alone gets it, and anybody may have it checked."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from contracts.verify_bundle import main, verify
from services.erasure.declaration import SERVICE
from shared.keys.first import publish_first
from shared.saga.credentials import bearer, own_credential
from shared.web import internal_app, public_app
from shared.web.configuration import WebSettings
from tests.ledger import SLICES, Ledger, Saga

HERE = "http://localhost:8000"
Clients = tuple[httpx2.AsyncClient, httpx2.AsyncClient]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def certified(on: Ledger) -> Saga:
    """Return a saga with a certificate."""
    saga = await on.whole_saga()
    async with on.working():
        await on.certified(saga)
    return saga


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clients(on: Ledger) -> AsyncIterator[Clients]:
    """Open clients of the public and the internal application."""
    apps = [
        make(on.settings, [SERVICE.part()], configuration=WebSettings())
        for make in (public_app, internal_app)
    ]
    async with (
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=apps[0]), base_url=HERE) as public,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=apps[1]), base_url=HERE) as internal,
    ):
        yield public, internal
    for app in apps:
        await app.state.web.close()


async def ask(on: Ledger, clients: Clients, saga: Saga, caller: str = "rights") -> httpx2.Response:
    """Ask for a bundle with a caller's credential."""
    headers = bearer(own_credential(on.settings, caller))
    return await clients[1].get(f"/internal/v1/certificates/{saga.id}", headers=headers)


async def test_the_bundle_verifies_offline(
    on: Ledger, clients: Clients, certified: Saga, tmp_path: Path
) -> None:
    file = tmp_path / "certificate.expunge.json"
    file.write_bytes((await ask(on, clients, certified)).content)

    assert main([str(file), "--trust", str(on.settings.trust)]) == 0


async def test_it_is_laid_out_as_the_published_schemas_say(
    on: Ledger, clients: Clients, certified: Saga
) -> None:
    bundle = (await ask(on, clients, certified)).json()
    envelope = json.loads(base64.b64decode(bundle["certificate"]))
    statement = json.loads(base64.b64decode(envelope["payload"]))
    said = {"bundle": bundle, "statement": statement, "predicate": statement["predicate"]}

    for name, value in said.items():
        answer = await clients[0].get(f"/schemas/erasure-certificate/v1/{name}.schema.json")
        assert answer.headers["content-type"] == "application/schema+json"
        Draft202012Validator(answer.json()).validate(value)
        assert not Draft202012Validator(answer.json()).is_valid({**value, "more": 1})


@pytest.mark.parametrize(
    "path", ["erasure-certificate/v2/predicate.schema.json", "erasure-certificate/v1/x.json"]
)
async def test_a_schema_that_does_not_exist_is_not_found(clients: Clients, path: str) -> None:
    assert (await clients[0].get(f"/schemas/{path}")).status_code == 404


async def test_the_verifier_that_the_bundle_names_is_handed_out_and_runs_alone(
    on: Ledger, clients: Clients, certified: Saga, tmp_path: Path
) -> None:
    bundle = await ask(on, clients, certified)
    program = await clients[0].get("/verify/verify_bundle.py")
    checksum = await clients[0].get("/verify/verify_bundle.py.sha256")
    named = bundle.json()["verifier"]
    (tmp_path / named["file"]).write_bytes(program.content)
    (tmp_path / "certificate.expunge.json").write_bytes(bundle.content)

    command = [sys.executable, "-I", named["file"], "certificate.expunge.json"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)  # noqa: ASYNC221, S603

    assert program.headers["content-type"] == "text/plain; charset=utf-8"
    assert checksum.text == f"{named['sha256']}  {named['file']}\n"
    assert sha256(program.content).hexdigest() == named["sha256"]
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(("lang", "says"), [("en", "was issued"), ("de", "wurde ausgestellt")])
async def test_the_printed_copy_leads_to_a_page_that_says_when_it_was_issued(
    on: Ledger, clients: Clients, certified: Saga, lang: str, says: str
) -> None:
    path = f"/internal/v1/certificates/{certified.id}/printed/{lang}"
    headers = bearer(own_credential(on.settings, "rights"))
    printed = await clients[1].get(path, headers=headers)
    said = "".join(page.extract_text() for page in PdfReader(BytesIO(printed.content)).pages)
    found = re.search(rf"/{lang}/erasure/issued/([0-9]+)/([0-9a-f]{{64}})", "".join(said.split()))
    assert found is not None
    since, digest = found.groups()

    page = await clients[0].get(found[0])
    others = [
        await clients[0].get(f"/{lang}/erasure/issued/{other}")
        for other in (
            f"{int(since) + 1}/{digest}",
            f"{since}/{'0' * 64}",
            f"{since}/{digest[:-1]}",
            f"x/{digest}",
            f"{'9' * 400}/{digest}",
        )
    ]

    assert page.status_code == 200
    assert says in page.text
    assert str(certified.id) not in page.text
    assert [other.status_code for other in others] == [404] * 5
    assert says not in "".join(other.text for other in others)


async def test_only_the_origin_gets_the_printed_copy(
    on: Ledger, clients: Clients, certified: Saga
) -> None:
    path = f"/internal/v1/certificates/{certified.id}/printed/en"
    answers = [
        await clients[1].get(path),
        await clients[1].get(path, headers=bearer(own_credential(on.settings, "newsletter"))),
        await clients[0].get(path, headers=bearer(own_credential(on.settings, "rights"))),
    ]

    assert [answer.status_code for answer in answers] == [403, 404, 404]


async def test_the_page_of_a_printed_copy_reads_no_whole_table(on: Ledger) -> None:
    async with on.database.begin() as tx:
        await tx.execute("set local enable_seqscan = off")
        plan = await tx.fetch(
            "explain select outcome from certificate where certified_at = now() and sha256 = ''"
        )

    assert any("certificate_issued" in row[0] for row in plan)


async def test_a_bundle_holds_nobody_elses_lines(
    on: Ledger, clients: Clients, certified: Saga
) -> None:
    other = await on.whole_saga()
    async with on.working():
        await on.certified(other)

    bundle = (await ask(on, clients, certified)).json()

    lines = [bundle["request"], *bundle["receipts"], *bundle["readBacks"]]
    assert len(lines) == 1 + 2 * len(certified.receipts)
    assert str(other.id) not in json.dumps(bundle)


async def test_only_the_origin_gets_a_bundle(on: Ledger, clients: Clients, certified: Saga) -> None:
    path = f"/internal/v1/certificates/{certified.id}"
    answers = [
        await clients[1].get(path),
        await clients[1].get(path, headers=bearer("guessed")),
        await ask(on, clients, certified, "newsletter"),
        await clients[0].get(path, headers=bearer(own_credential(on.settings, "rights"))),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 404, 404]


async def test_before_the_certificate_there_is_none(on: Ledger, clients: Clients) -> None:
    saga = await on.ask()
    async with on.working():
        await on.caught_up()

    answer = await ask(on, clients, saga)
    progress = await clients[1].get(
        f"/internal/v1/sagas/{saga.id}", headers=bearer(own_credential(on.settings, "rights"))
    )

    assert answer.status_code == 404
    assert progress.json()["missing"] == dict.fromkeys(SLICES, "receipt")


@pytest.mark.parametrize(("lang", "says"), [("en", "The certificate holds"), ("de", "stimmt")])
async def test_the_page_says_that_it_holds(
    on: Ledger, clients: Clients, certified: Saga, lang: str, says: str
) -> None:
    bundle = (await ask(on, clients, certified)).text

    page = await clients[0].get(f"/{lang}/erasure/verify")
    urlencoded = await clients[0].post(f"/{lang}/erasure/verify", data={"bundle": bundle})
    multipart = await clients[0].post(
        f"/{lang}/erasure/verify", files={"bundle": (None, bundle.encode())}
    )

    assert (page.status_code, urlencoded.status_code, multipart.status_code) == (200, 200, 200)
    assert says in urlencoded.text
    assert str(certified.id) in multipart.text


@pytest.mark.parametrize(("lang", "says"), [("en", "The certificate holds"), ("de", "stimmt")])
async def test_the_page_takes_the_file_itself_and_never_its_name(
    on: Ledger, clients: Clients, certified: Saga, lang: str, says: str
) -> None:
    bundle = (await ask(on, clients, certified)).content
    path = f"/{lang}/erasure/verify/file"

    page = await clients[0].get(path)
    answer = await clients[0].post(path, files={"bundle": ("ada@example.org.json", bundle)})
    none = await clients[0].post(path, files={"bundle": ("", b"")})
    elsewhere = await clients[0].post(
        f"/{lang}/erasure/verify", files={"bundle": ("file.json", bundle)}
    )
    binary = await clients[0].post(path, files={"bundle": ("paper.pdf", b"%PDF-1.7\xff\xfe")})

    assert 'type="file"' in page.text
    assert 'enctype="multipart/form-data"' in page.text
    assert says in answer.text
    assert "ada@example.org" not in answer.text
    assert [one.status_code for one in (page, answer, none, elsewhere, binary)] == [
        200,
        200,
        422,
        415,
        400,
    ]
    assert "bundle-error" in none.text


BAD = [
    "",
    "{}",
    "[" * 3_000,
    '{"format":"expunge-bundle/v1"}',
    "null",
    "<script>",
    "\ud7ff",
]


@pytest.mark.parametrize("bundle", BAD)
async def test_the_page_says_what_is_wrong_with_anything_else(
    clients: Clients, bundle: str
) -> None:
    answer = await clients[0].post("/en/erasure/verify", data={"bundle": bundle})

    assert answer.status_code == (200 if bundle else 422)
    assert "<script>" not in answer.text
    assert "The certificate holds" not in answer.text


async def test_a_changed_certificate_does_not_hold(
    on: Ledger, clients: Clients, certified: Saga
) -> None:
    bundle = (await ask(on, clients, certified)).json()
    bundle["receipts"].reverse()
    bundle["receipts"].pop()

    assert not verify(json.dumps(bundle).encode())["valid"]


async def test_a_saga_waits_for_a_service_that_joined_later(on: Ledger, clients: Clients) -> None:
    saga = await on.ask(participants=("newsletter", "rights"))
    for service in ("newsletter", "rights"):
        await on.answer(saga, service)
    async with on.working():
        await on.await_messages("saga-extended", 1)
        before = await on.certificate(saga.id)
        await on.answer(saga, "events")
        await on.certified(saga)

    bundle = (await ask(on, clients, saga)).json()
    report = verify(json.dumps(bundle).encode())

    assert (before, report["problem"]) == (None, "")
    assert len(bundle["extensions"]) == 1
    assert [one["service"] for one in report["certificate"]["participants"]] == [
        "events",
        "newsletter",
        "rights",
    ]


async def test_a_new_register_extends_open_sagas_and_names_both_versions(
    on: Ledger, clients: Clients
) -> None:
    saga = await on.ask()
    for service in ("events", "newsletter"):
        await on.answer(saga, service)
    async with on.working():
        await on.caught_up()
        on.add_slice("contact")
        await publish_first(on.settings, ("contact", "events", "newsletter", "rights"))
        await on.await_extension(saga.id)
        await on.answer(saga, "rights")
        await on.caught_up()
        before = await on.certificate(saga.id)
        await on.answer(saga, "contact")
        await on.certified(saga)

    said = verify((await ask(on, clients, saga)).content)["certificate"]

    assert before is None
    versions = {one["service"]: one["registerVersion"] for one in said["participants"]}
    assert versions == {"contact": 2, "events": 1, "newsletter": 1, "rights": 1}


async def test_nobody_knows_a_request_that_never_was(on: Ledger, clients: Clients) -> None:
    headers = bearer(own_credential(on.settings, "rights"))

    answer = await clients[1].get(f"/internal/v1/certificates/{uuid4()}", headers=headers)

    assert answer.status_code == 404
