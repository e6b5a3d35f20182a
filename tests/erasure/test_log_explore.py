"""The pages of the log: an entry is followed to the signed head with nothing but what they show."""

import base64
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from html import unescape

import httpx2
import pytest
import pytest_asyncio

from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.notes import VerifierKey
from contracts.verify_bundle import verify
from contracts.vocabulary import Role
from services.erasure.bundles import bundles
from services.erasure.declaration import SERVICE
from shared.web import public_app
from shared.web.configuration import WebSettings
from tests.erasure.test_log import settled
from tests.ledger import Ledger, Saga

CODE = re.compile(r"<code>([0-9a-f]{64})</code>")
HERE = "http://localhost:8000"
STORED_BYTES = 35


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(on: Ledger) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client of the public pages."""
    app = public_app(on.settings, [SERVICE.part()], configuration=WebSettings())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=HERE) as opened:
        yield opened
    await app.state.web.close()


async def certified(on: Ledger) -> tuple[Saga, bytes, int]:
    """Certify a saga and make its head public; gives its bundle and index."""
    saga = await on.whole_saga()
    async with on.working():
        await on.certified(saga)
        await on.told_of(saga)
        await settled(on)
    async with on.database.begin() as tx:
        found = await bundles(tx, [saga.id], on.settings.trust.read_bytes())
    data = found[saga.id].to_json()
    return saga, data, verify(data)["log"]["index"]


@pytest.mark.parametrize(("lang", "says"), [("en", "no public head yet"), ("de", "noch keine")])
async def test_before_the_first_head_the_pages_say_so(
    on: Ledger, client: httpx2.AsyncClient, lang: str, says: str
) -> None:
    assert not await on.value("select count(*) from log_checkpoint")

    page = await client.get(f"/{lang}/erasure/log")
    entry = await client.get(f"/{lang}/erasure/log/entry?index=0")

    assert (page.status_code, entry.status_code) == (200, 404)
    assert says in page.text
    assert says in entry.text


@pytest.mark.parametrize(("lang", "says"), [("en", "A certificate of an"), ("de", "Bescheinigung")])
async def test_an_entry_is_followed_to_the_signed_head_by_what_its_page_shows(
    on: Ledger, client: httpx2.AsyncClient, lang: str, says: str
) -> None:
    saga, _, index = await certified(on)
    overview = await client.get(f"/{lang}/erasure/log")
    page = await client.get(f"/{lang}/erasure/log/entry?index={index}")
    digest, leaf, *steps, top = CODE.findall(page.text)
    (note,) = re.findall(r"<pre[^>]*>(.*?)</pre>", page.text, re.DOTALL)

    value = sha256(b"\x00\x02" + bytes.fromhex(digest)).digest()
    assert leaf == value.hex()
    for beside, together in zip(steps[::2], steps[1::2], strict=True):
        pairs = (bytes.fromhex(beside) + value, value + bytes.fromhex(beside))
        value = bytes.fromhex(together)
        assert value in {sha256(b"\x01" + pair).digest() for pair in pairs}
    public = on.signer("erasure", Role.LOG).public
    head = Checkpoint.open(unescape(note).encode(), public)

    envelope = await on.certificate(saga.id)
    assert envelope is not None
    assert sha256(envelope).hexdigest() == digest
    assert (value.hex(), head.root.hex()) == (top, top)
    assert base64.b64encode(head.root).decode() in unescape(page.text)
    assert says in page.text
    assert str(VerifierKey(head.origin, public)) in unescape(overview.text)
    assert str(saga.id) not in page.text + overview.text


async def test_every_entry_has_a_page(on: Ledger, client: httpx2.AsyncClient) -> None:
    await certified(on)
    head = Checkpoint.read((await client.get("/log/checkpoint")).content)

    pages = [await client.get(f"/en/erasure/log/entry?index={at}") for at in range(head.size)]

    assert {page.status_code for page in pages} == {200}
    assert {CODE.findall(page.text)[-1] for page in pages} == {head.root.hex()}
    assert len({CODE.findall(page.text)[0] for page in pages}) == head.size


async def test_an_entry_that_there_is_not_is_not_found_and_nothing_typed_is_repeated(
    on: Ledger, client: httpx2.AsyncClient
) -> None:
    await certified(on)
    size = Checkpoint.read((await client.get("/log/checkpoint")).content).size
    typed = ["", "-1", "x", "1e3", "9" * 30, "\u0663", "<script>", str(size), "ada@example.org"]

    for index in typed:
        page = await client.get("/en/erasure/log/entry", params={"index": index})

        assert page.status_code == 404, index
        assert f"0 to {size - 1}" in page.text
        assert "<script>" not in page.text
        assert "ada@" not in page.text


async def test_a_certificate_is_looked_up_by_its_file(
    on: Ledger, client: httpx2.AsyncClient
) -> None:
    _, data, index = await certified(on)
    path = "/en/erasure/verify/file"
    write = "update log_tile set content = $1 where level = 0 and number = 0"

    found = await client.post(path, files={"bundle": ("certificate.json", data)})
    async with on.database.begin() as tx:
        kept = await tx.fetchval("select content from log_tile where level = 0 and number = 0")
        at = index * STORED_BYTES + STORED_BYTES - 1
        await tx.execute(write, kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
    try:
        other = await client.post(path, files={"bundle": ("certificate.json", data)})
    finally:
        async with on.database.begin() as tx:
            await tx.execute(write, kept)

    assert "has exactly this certificate there" in found.text
    assert f"/en/erasure/log/entry?index={index}" in found.text
    assert "does not have this certificate" in other.text
    assert "/en/erasure/log" in (await client.get(path)).text


@pytest.mark.parametrize("lang", ["en", "de"])
async def test_an_entry_is_found_by_its_number_and_by_the_request(
    on: Ledger, client: httpx2.AsyncClient, lang: str
) -> None:
    saga, _, index = await certified(on)
    path = f"/{lang}/erasure/log/entry"
    typed = [str(index), f" {index} ", str(saga.id), str(saga.id).upper()]

    answers = [await client.post(path, data={"which": which}) for which in typed]

    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["location"] for answer in answers} == {f"{path}?index={index}"}
    assert f'action="{path}"' in (await client.get(f"/{lang}/erasure/log")).text


async def test_what_is_no_entry_comes_back_with_a_sentence(
    on: Ledger, client: httpx2.AsyncClient
) -> None:
    """Also a request that is not certified, and one whose entry no public head has yet."""
    saga, _, index = await certified(on)
    asked = await on.ask()
    path = "/en/erasure/log/entry"
    size = Checkpoint.read((await client.get("/log/checkpoint")).content).size
    beyond = "update certificate set log_index = $2 where request_id = $1"

    typed = [str(size), "-1", "1.0", "\u0663", str(asked.id), "ada@example.org", "x" * 40]
    pages = [await client.post(path, data={"which": which}) for which in typed]
    async with on.database.begin() as tx:
        await tx.execute(beyond, saga.id, size)
    try:
        early = await client.post(path, data={"which": str(saga.id)})
    finally:
        async with on.database.begin() as tx:
            await tx.execute(beyond, saga.id, index)
    long = await client.post(path, data={"which": "1" * 41})
    empty = await client.post(path, data={"which": ""})

    assert {page.status_code for page in (*pages, early, long, empty)} == {422}
    for page in (*pages, early):
        assert "There is no such entry in the public log" in page.text
        assert 'aria-invalid="true"' in page.text
    assert "neither the number of an entry" in long.text
    assert "Enter the number of an entry" in empty.text
