"""Witnesses cosign the log's public heads; whoever is slow, away or lying holds up nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx2
import orjson
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typer.testing import CliRunner

from contracts.errors import BadLog
from contracts.merkle import leaf_hash
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.cosignature import AddCheckpoint, cosigned_at
from contracts.tlog.entries import of_certificate
from contracts.tlog.notes import VerifierKey
from contracts.verify_bundle import verify
from contracts.vocabulary import Role
from services import operate
from services.cli import application as commands
from services.erasure.bundles import bundles
from services.erasure.declaration import SERVICE
from services.erasure.log import cosignatures, store
from services.erasure.log.files import publish
from services.erasure.log.store import Head
from services.erasure.log.witnesses import Asker
from services.erasure.settings import ErasureSettings
from services.witness.keeping import Keeper, Key
from services.witness.serving import application
from services.witness.witness import Witness
from shared.settings import Settings
from shared.stack.ports import free_ports
from shared.web import internal_app, public_app
from shared.web.configuration import WebSettings
from shared.web.listening import listening
from tests.erasure.test_log import settled
from tests.kernel import eventually
from tests.ledger import Ledger, Saga, ledger

NAME = "witness.example.org/w1"
AT = 1_700_000_000
Answering = Callable[[Request], Awaitable[Response]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def on(settings: Settings) -> AsyncIterator[Ledger]:
    """Begin with a public log of its own, so that what a test cosigns is its own."""
    async with ledger(settings) as opened:
        await work_one(opened)
        yield opened


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nobody_cosigned(on: Ledger) -> None:
    """Forget what witnesses of other tests said."""
    async with on.database.begin() as tx:
        await tx.execute("delete from log_cosignature")


@contextlib.asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[str]:
    """Serve what a witness answers, whatever that is; gives its URL."""
    app = Starlette(routes=[Route("/add-checkpoint", answer, methods=["POST"])])
    async with listening(app, "127.0.0.1:0", WebSettings.load()) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def watching(on: Ledger, folder: Path) -> AsyncIterator[tuple[Witness, str]]:
    """Run a real witness of our log; gives it and its line of the setting."""
    key = Key.make(folder, NAME)
    with contextlib.closing(Keeper(folder)) as keeper:
        public = on.signer("erasure", Role.LOG).public
        witness = Witness(key, {"localhost:8000/log": [public]}, keeper)
        async with listening(application(witness), "127.0.0.1:0", WebSettings.load()) as port:
            yield witness, f"{key.verifier} http://127.0.0.1:{port}"


def key_in(line: str) -> VerifierKey:
    return VerifierKey.read(line.partition(" ")[0], b"\x04")


async def work_one(on: Ledger) -> Saga:
    """Certify one request, until all of the log is public."""
    saga = await on.whole_saga()
    async with on.working():
        await on.certified(saga)
        await on.told_of(saga)
        await settled(on)
    return saga


async def head_note(on: Ledger) -> bytes:
    async with on.database.begin() as tx:
        note = await cosignatures.shown_note(tx)
    assert note is not None
    return note


async def asked(on: Ledger, *lines: str) -> list[str]:
    """Ask witnesses once about the present head; gives what is wrong with each."""
    settings = ErasureSettings(witnesses="\n".join(lines))
    askers = [Asker(on.database, one) for one in settings.witnessed_by]
    await asyncio.gather(*(asker.step() for asker in askers))
    return [asker.trouble for asker in askers]


async def test_a_head_is_cosigned_whoever_else_is_slow_or_away(
    on: Ledger, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(request: Request) -> Response:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        return Response()

    (nobody,) = free_ports(1)
    slow = Key("slow.example.org", bytes(32)).verifier
    away = Key("away.example.org", bytes(range(32))).verifier
    log_key = on.signer("erasure", Role.LOG).public
    folder = on.settings.state / "log"
    async with watching(on, tmp_path) as (_, line), answering(never) as url:
        named = f"{slow} {url}\n{away} http://127.0.0.1:{nobody}\n{line}"
        monkeypatch.setenv("EXPUNGE_WITNESSES", named)
        saga = await on.whole_saga()
        async with on.working():
            await on.certified(saga)
            await on.told_of(saga)
            await settled(on)

            async def published_with_it() -> bool:
                with contextlib.suppress(FileNotFoundError, BadLog):
                    return bool(cosigned_at((folder / "checkpoint").read_bytes(), key_in(line)))
                return False

            await eventually(published_with_it)
        note = await head_note(on)
        async with on.database.begin() as tx:
            made = await bundles(tx, [saga.id], on.settings.trust.read_bytes())
        app = public_app(on.settings, [SERVICE.part()])
        inside = internal_app(on.settings, [SERVICE.part()], beside=app)
        served = await got(app, "/log/checkpoint")
        metrics = await got(inside, "/metrics/erasure")
        await app.state.web.close()
        shown = await asyncio.to_thread(
            CliRunner().invoke, commands(()), ["log", "show", "--json"], env={**environment}
        )

    seen = cosigned_at(note, key_in(line))
    head = Checkpoint.open(note, log_key)
    assert served.encode() == note == (folder / "checkpoint").read_bytes()
    with pytest.raises(BadLog):
        cosigned_at(note, slow)
    bundle = made[saga.id].to_json()
    report = verify(bundle)
    assert (report["problem"], report["log"]["size"]) == ("", head.size)
    proof = LogProof.read(orjson.loads(bundle)["logProof"])
    assert proof.check(of_certificate(bytes.fromhex(report["sha256"])), log_key) == head
    assert cosigned_at(proof.checkpoint, key_in(line)) == seen
    assert f'expunge_log_witness_size{{witness="{NAME}"}} {head.size}\n' in metrics
    assert 'expunge_log_witness_size{witness="slow.example.org"} 0\n' in metrics
    sizes = {one["name"]: one["size"] for one in orjson.loads(shown.stdout)["witnesses"]}
    assert sizes == {"slow.example.org": 0, "away.example.org": 0, NAME: head.size}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    status = {one["name"]: one["size"] for one in await asyncio.to_thread(operate._witnesses)}
    assert status == sizes


async def got(app: Starlette, path: str) -> str:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get(path)).text


async def test_an_answer_that_was_lost_is_asked_for_again(on: Ledger, tmp_path: Path) -> None:
    async with watching(on, tmp_path) as (witness, line):
        # It signed, and then one of the two died before the line was stored.
        request = AddCheckpoint(0, [], await head_note(on))
        assert witness.add_checkpoint(request.body(), AT).status == 200

        assert await asked(on, line) == [""]
        assert cosigned_at(await head_note(on), key_in(line)) > AT

        await work_one(on)
        with pytest.raises(BadLog):
            cosigned_at(await head_note(on), key_in(line))
        assert await asked(on, line) == [""]
        assert cosigned_at(await head_note(on), key_in(line)) > AT


@pytest.mark.parametrize(
    ("longer", "trouble"), [(0, "second-history"), (-1, "history-refused"), (1, "ahead")]
)
async def test_a_witness_that_saw_something_else_cosigns_nothing(
    on: Ledger, tmp_path: Path, longer: int, trouble: str
) -> None:
    mine = Checkpoint.read(await head_note(on))
    other = Checkpoint(mine.origin, mine.size + longer, leaf_hash(b"another"))
    async with watching(on, tmp_path) as (witness, line):
        request = AddCheckpoint(0, [], other.sign(on.signer("erasure", Role.LOG)))
        assert witness.add_checkpoint(request.body(), AT).status == 200

        assert await asked(on, line) == [trouble]

    with pytest.raises(BadLog):
        cosigned_at(await head_note(on), key_in(line))


@pytest.mark.parametrize(
    "lie", ["another key", "another head", "nothing", "too much", "no size", "no", "future"]
)
async def test_what_a_witness_did_not_sign_is_not_kept(
    on: Ledger, tmp_path: Path, lie: str
) -> None:
    key = Key(NAME, bytes(range(32)))
    note = await head_note(on)
    head = Checkpoint.read(note)
    log_key = on.signer("erasure", Role.LOG)
    signs = key if lie != "another key" else Key(NAME, bytes(32))
    about = Checkpoint(head.origin, head.size, leaf_hash(b"x")) if lie == "another head" else head
    with contextlib.closing(Keeper(tmp_path)) as keeper:
        witness = Witness(signs, {head.origin: [log_key.public]}, keeper)
        at = 2**62 if lie == "future" else AT
        line = witness.add_checkpoint(AddCheckpoint(0, [], about.sign(log_key)).body(), at).body
    bodies = {"nothing": "", "too much": line * 1_000, "no size": "x\n"}
    status = {"no size": 409, "no": 403}.get(lie, 200)

    async def answer(_: Request) -> Response:
        return Response(bodies.get(lie, line), status)

    async with answering(answer) as url:
        trouble = await asked(on, f"{key.verifier} {url}")

    assert trouble == ["refused" if lie == "no" else "unreadable"]
    assert await head_note(on) == note


async def test_cosignatures_of_a_published_head_come_below_it_once(
    on: Ledger, tmp_path: Path
) -> None:
    folder = tmp_path / "published"
    async with on.database.begin() as tx:
        first = await publish(tx, folder)
    before = (folder / "checkpoint").read_bytes()
    async with watching(on, tmp_path / "witness") as (_, line):
        await asked(on, line)
    async with on.database.begin() as tx:
        second, third = await publish(tx, folder), await publish(tx, folder)
    after = (folder / "checkpoint").read_bytes()
    async with on.database.begin() as tx:
        await tx.execute("delete from log_cosignature")
        fourth = await publish(tx, folder)

    assert (first, third, fourth) == (second, None, None)
    assert after.startswith(before)
    assert cosigned_at(after, key_in(line))
    assert (folder / "checkpoint").read_bytes() == after, "a restored database takes none away"


class Undone(Exception):  # noqa: N818
    """Ends a transaction that comes to nothing."""


async def test_a_certificate_is_proved_by_the_next_head_with_most_cosignatures(
    on: Ledger,
) -> None:
    one, two = (Key(f"w{n}.example.org", bytes([n]) * 32).verifier for n in (1, 2))
    own = on.signer("erasure", Role.LOG)
    with contextlib.suppress(Undone):
        async with on.database.begin() as tx:
            end = (await store.head(tx)).size
            first, second, third = range(end + 1, end + 4)
            for size in (first, second, third):
                note = Checkpoint("localhost:8000/log", size, leaf_hash(b"")).sign(own)
                await store.add_checkpoint(tx, Head(size=size, note=note))
            none = await cosignatures.notes_over(tx, [0, end])
            before = await store.checkpoints_over(tx, [0, end])
            for key, sizes in ((one, (first, second, third)), (two, (second, third))):
                for size in sizes:
                    await cosignatures.add(tx, key, size, f"\N{EM DASH} {key.name} AAAA\n", AT)
            found = await cosignatures.notes_over(tx, [0, end, second, third - 1, third])
            raise Undone

    read = {index: Checkpoint.read(note).size for index, note in found.items()}
    assert read == {0: second, end: second, second: third}
    assert found[0].decode().count("example.org AAAA\n") == 2
    assert none == before
    assert Checkpoint.read(none[end]).size == first


def test_a_setting_that_cannot_be_read_is_refused() -> None:
    key = Key(NAME, bytes(32)).verifier
    good = (
        f"  {key}   https://w.example.org/  \n\n{Key('b.example.org', bytes(32)).verifier} http://b"
    )
    read = ErasureSettings(witnesses=good).witnessed_by

    assert [(one.key.name, one.url) for one in read] == [
        (NAME, "https://w.example.org"),
        ("b.example.org", "http://b"),
    ]
    of_a_log = VerifierKey(NAME, key.public)
    for bad in (
        f"{key}",
        f"{of_a_log} https://w",
        "x https://w",
        f"{key} ftp://w",
        f"{good}\n{good}",
    ):
        with pytest.raises(ValueError, match="witness"):
            ErasureSettings(witnesses=bad)
