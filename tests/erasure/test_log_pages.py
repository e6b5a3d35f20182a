"""Anybody reads the log over HTTP, as the specification of tiled logs has it."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from contracts.merkle import leaf_hash, root
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import split_entries
from contracts.tlog.tiles import WIDTH, hashes_of
from contracts.vocabulary import Role
from services.cli import application
from services.erasure.declaration import SERVICE
from services.erasure.log import store
from shared.web import public_app
from tests.erasure.test_log import settled
from tests.ledger import SLICES, Ledger


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(on: Ledger) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the public pages of a ledger whose log has a full tile."""
    saga = await on.whole_saga()
    for _ in range(WIDTH):
        await on.ask(participants=SLICES)
    async with on.working():
        await on.certified(saga)
        await on.told_of(saga)
        await settled(on)
        app = public_app(on.settings, [SERVICE.part()])
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as opened:
            yield opened
        await app.state.web.close()


async def test_who_reads_it_can_work_out_its_head(on: Ledger, client: httpx2.AsyncClient) -> None:
    answer = await client.get("/log/checkpoint")
    head = Checkpoint.open(answer.content, on.signer("erasure", Role.LOG).public)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "immutable" not in answer.headers["cache-control"]

    full, rest = divmod(head.size, WIDTH)
    bundles = [*(f"{number:03d}" for number in range(full)), f"{full:03d}.p/{rest}"]
    leaves: list[bytes] = []
    for name in bundles if rest else bundles[:-1]:
        entries = await client.get(f"/log/tile/entries/{name}")
        tile = await client.get(f"/log/tile/0/{name}")
        assert (entries.status_code, tile.status_code) == (200, 200)
        assert "immutable" in tile.headers["cache-control"]
        assert hashes_of(tile.content) == list(map(leaf_hash, split_entries(entries.content)))
        leaves += hashes_of(tile.content)
    above = await client.get("/log/tile/1/000.p/1")

    assert root(leaves) == head.root
    assert above.content == root(leaves[:WIDTH])
    assert (await client.get("/log/tile/0/000.p/3")).content == b"".join(leaves[:3])


@pytest.mark.parametrize(
    "path",
    [
        *("0/999", "0/000.p/256", "0/000.p/0", "0/0", "00/000", "entries/x000/000", "63/000"),
        *("a/000", "1/000", "0/000/000", "", "entries/000.p/3/4", "0/" + "x000/" * 40 + "000"),
    ],
)
async def test_what_the_log_does_not_have_is_not_found(
    client: httpx2.AsyncClient, path: str
) -> None:
    assert (await client.get(f"/log/tile/{path}")).status_code == 404


async def test_nothing_that_the_topic_does_not_name_is_served(
    on: Ledger, client: httpx2.AsyncClient
) -> None:
    async with on.database.begin() as tx:
        head = await store.head(tx)
        await tx.execute("update log_told set told = 0")
    shown = await client.get("/log/checkpoint")
    last = await client.get(f"/log/tile/0/{head.size // WIDTH:03d}.p/{head.size % WIDTH}")
    async with on.database.begin() as tx:
        await tx.execute("update log_told set told = $1", head.told)

    assert shown.status_code == 404 or Checkpoint.read(shown.content).size < head.certified
    assert last.status_code == 404


async def test_the_command_shows_the_log_and_writes_its_files(
    on: Ledger, client: httpx2.AsyncClient, environment: dict[str, str]
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(application(()), ["log", *arguments], env=environment)
        return done.exit_code, done.stdout

    folder = on.settings.state / "exported"
    shown = (await client.get("/log/checkpoint")).content
    size = Checkpoint.read(shown).size
    code, said = await asyncio.to_thread(run, "show", "--json")
    first = await asyncio.to_thread(run, "export", str(folder))
    again = await asyncio.to_thread(run, "export", str(folder))

    assert (code, orjson.loads(said)["public"], orjson.loads(said)["refuses"]) == (0, size, "no")
    assert first == (0, f"{size} leaves of localhost:8000/log\n")
    assert again == (0, "nothing new\n")
    assert (folder / "checkpoint").read_bytes() == shown
