"""A witness signs each head that goes on from the last one, and never a second history."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.cosignature import cosigned_at
from contracts.tlog.notes import VerifierKey, add_signatures
from services.cli import application as commands
from services.witness.keeping import Keeper, Key, NoWitness
from services.witness.serving import application
from services.witness.witness import Witness
from tests.contracts.samples import signer
from tests.witness.history import LOG, LOG_KEY, ORIGIN, TRUE, History, forked

NAME = "witness.example.org/w1"
AT = 1_700_000_000
KEY = Key(NAME, bytes(range(32)))
LOGS = {ORIGIN: [LOG.public]}
Asked = tuple[int, str]


def ask(witness: Witness, body: bytes) -> tuple[int, str]:
    answer = witness.add_checkpoint(body, AT)
    return answer.status.value, answer.body


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    opened = Keeper(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def witness(keeper: Keeper) -> Witness:
    return Witness(KEY, LOGS, keeper)


@pytest.mark.parametrize("sizes", [(1, 2, 3, 40), (7, 7, 8), (32, 40), (0, 0, 5)])
def test_each_head_that_goes_on_is_signed(
    witness: Witness, keeper: Keeper, sizes: tuple[int, ...]
) -> None:
    old = 0
    for size in sizes:
        status, line = ask(witness, TRUE.asks(old, size))

        assert status == 200
        assert cosigned_at(add_signatures(TRUE.note(size), [line]), KEY.verifier) == AT
        assert keeper.last(ORIGIN) == TRUE.head(size)
        old = size


def test_who_names_another_size_is_told_the_right_one(witness: Witness) -> None:
    ask(witness, TRUE.asks(0, 5))

    for old in (0, 4, 6):
        assert ask(witness, TRUE.asks(old, 9)) == (409, "5\n")
    assert ask(witness, TRUE.asks(5, 9))[0] == 200


def test_a_second_history_is_not_signed(witness: Witness, keeper: Keeper, tmp_path: Path) -> None:
    ask(witness, TRUE.asks(0, 9))
    other = forked(8)

    assert ask(witness, other.asks(9, 9)) == (409, "9\n")
    assert ask(witness, other.asks(9, 20)) == (422, "")
    assert ask(witness, other.asks(0, 20)) == (409, "9\n")
    assert keeper.last(ORIGIN) == TRUE.head(9)
    (proof,) = (tmp_path / "heads").glob("*.other")
    assert Checkpoint.open(proof.read_bytes(), LOG.public) == other.head(9)


def test_a_proof_that_shows_nothing_is_refused(witness: Witness) -> None:
    ask(witness, TRUE.asks(0, 9))
    good = TRUE.asks(9, 20)
    lines = good.split(b"\n")
    bent = [
        b"\n".join([lines[0], *lines[2:]]),
        b"\n".join([lines[0], lines[2], lines[1], *lines[3:]]),
        b"\n".join([lines[0], lines[1], *lines[1:]]),
    ]

    assert [ask(witness, body) for body in bent] == [(422, "")] * 3
    assert ask(witness, good)[0] == 200


def test_a_first_head_needs_no_proof_and_takes_none(witness: Witness) -> None:
    body = TRUE.asks(0, 9).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n")

    assert ask(witness, body) == (422, "")


def test_who_is_not_known_or_did_not_sign_gets_nothing(witness: Witness, keeper: Keeper) -> None:
    stranger = History(TRUE.words, "stranger.example.org/log")
    body = TRUE.asks(0, 3)

    assert ask(witness, stranger.asks(0, 3)) == (404, "")
    assert ask(witness, TRUE.asks(0, 3, signer("erasure"))) == (403, "")
    assert ask(witness, body.replace(b"\n3\n", b"\n4\n")) == (403, "")
    assert keeper.last(ORIGIN).size == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"old 0", b"old 00"),
        (b"old 0", b"old -1"),
        (b"old 0", b"new 0"),
        (b"old 0", b"old  0"),
        (b"old 0", b"old 4"),
        (b"old 0\n", b"old 0\nAAAA\n"),
        (b"old 0\n", b"old 0\n" + (b"A" * 43 + b"=\n") * 64),
        (b"\n3\n", b"\n03\n"),
        (b"\n3\n", b"\n\n3\n"),
        (b"\xe2\x80\x94", b"-"),
        (b"old 0\n\n", b""),
        (b"old 0\n\n", b"old 0\n"),
    ],
)
def test_what_cannot_be_read_is_refused(witness: Witness, old: bytes, new: bytes) -> None:
    body = TRUE.asks(0, 3)
    assert old in body

    assert ask(witness, body.replace(old, new, 1))[0] in {400, 403}
    assert ask(witness, b"")[0] == 400
    assert ask(witness, b"\xff" * 99)[0] == 400


def test_a_head_with_signatures_of_others_is_signed(witness: Witness) -> None:
    line = Witness(Key("other.example.org", bytes(32)), LOGS, witness._keeper).add_checkpoint(
        TRUE.asks(0, 3), AT
    )
    note = add_signatures(TRUE.note(3), [line.body])

    assert ask(witness, b"old 3\n\n" + note)[0] == 200


def test_a_log_that_changes_its_key_is_known_by_both(keeper: Keeper) -> None:
    after = signer("rights")
    witness = Witness(KEY, {ORIGIN: [LOG.public, after.public]}, keeper)

    assert ask(witness, TRUE.asks(0, 3))[0] == 200
    assert ask(witness, TRUE.asks(3, 4, after))[0] == 200


@pytest.mark.parametrize("content", [b"", b"nothing", forked(0).note(3), None])
def test_a_last_head_that_cannot_be_read_is_not_taken_for_none(
    witness: Witness, keeper: Keeper, content: bytes | None
) -> None:
    ask(witness, TRUE.asks(0, 3))
    (file,) = (keeper._heads).iterdir()
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content.replace(b"erasure", b"else", 2) if len(content) > 9 else content)

    assert ask(witness, TRUE.asks(0, 3)) == (500, "")


def test_a_folder_has_one_witness(keeper: Keeper, tmp_path: Path) -> None:
    del keeper
    with pytest.raises(NoWitness):
        Keeper(tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.booleans()),
        max_size=30,
    )
)
def test_whatever_is_asked_all_that_is_signed_is_one_history(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("witness")
    histories = [TRUE, *(forked(at) for at in range(12))]
    keeper = Keeper(folder)
    signed: list[Checkpoint] = []
    for which, one, two, restart in asked:
        old, size = sorted((one, two))
        if restart:
            keeper.close()
            keeper = Keeper(folder)
        status, _ = ask(Witness(KEY, LOGS, keeper), histories[which].asks(old, size))
        if status == 200:
            signed.append(histories[which].head(size))
    keeper.close()
    shutil.rmtree(folder)

    sizes = [head.size for head in signed]
    assert sizes == sorted(sizes)
    assert any(all(history.head(head.size) == head for head in signed) for history in histories)


async def test_it_answers_over_http(witness: Witness) -> None:
    transport = httpx2.ASGITransport(app=application(witness))
    async with httpx2.AsyncClient(transport=transport, base_url="http://witness") as client:
        good = await client.post("/add-checkpoint", content=TRUE.asks(0, 3))
        conflict = await client.post("/add-checkpoint", content=TRUE.asks(0, 3))
        large = await client.post("/add-checkpoint", content=b"x" * 200_000)
        read = await client.get("/add-checkpoint")

    assert (good.status_code, good.text.startswith("\N{EM DASH} " + NAME)) == (200, True)
    assert (conflict.status_code, conflict.text) == (409, "3\n")
    assert conflict.headers["content-type"] == "text/x.tlog.size"
    assert [large.status_code, read.status_code] == [413, 405]


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(commands(()), ["witness", *words])
    return done.exit_code, done.output.strip()


def test_the_command_makes_a_key_once_and_shows_it(tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    missing = run("key", str(folder))
    made = run("key", str(folder), "--name", NAME)
    shown = run("key", str(folder))
    again = run("key", str(folder), "--name", NAME)
    named = run("key", str(folder), "--name", "a b")

    assert (missing[0], made[0], again[0], named[0]) == (1, 0, 1, 2)
    assert made == shown
    assert VerifierKey.read(made[1], b"\x04").name == NAME
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    with pytest.raises(BadLog):
        VerifierKey.read(made[1])
    (folder / "key").write_text((folder / "key").read_text().replace("w1", "w2"))
    assert run("key", str(folder))[0] == 1


def test_the_command_serves_for_logs_only(tmp_path: Path) -> None:
    run("key", str(tmp_path), "--name", NAME)

    assert run("serve", str(tmp_path), "--log", run("key", str(tmp_path))[1])[0] == 2
    assert run("serve", str(tmp_path / "none"), "--log", str(LOG_KEY))[0] == 1
