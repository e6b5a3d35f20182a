"""What the restore drill says of the log: it goes on from a copy's head, with the same bytes."""

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from contracts.proof import Signer
from contracts.tlog.tiles import path_of, width_of
from contracts.trust import Trust
from services.backup.public_log import Copy
from shared.durable import replace
from shared.web.configuration import WebSettings
from shared.web.listening import listening
from tests.contracts.samples import signer
from tests.contracts.story import ALL, trusted
from tests.witness.history import LOG, TRUE, History, forked

KEYS = Trust.from_json(trusted(*ALL))


def publish(folder: Path, history: History, size: int, by: Signer = LOG) -> Path:
    """Write the head and the tiles of a log of this size."""
    for tile, content in History(history.words[:size]).tiles.items():
        width = width_of(tile.level, size, tile.number)
        replace(folder / path_of(tile, width), content)
    replace(folder / "checkpoint", history.note(size, by))
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    found = Copy.of(publish(tmp_path / "copied", TRUE, 20))
    assert found is not None
    return found


def test_nothing_published_is_no_copy(tmp_path: Path) -> None:
    assert Copy.of(tmp_path) is None


@pytest.mark.parametrize(
    ("history", "size", "holds"),
    [(TRUE, 20, True), (TRUE, 33, True), (TRUE, 19, False), (forked(19), 33, False)],
    ids=["the same", "longer", "shorter", "another"],
)
def test_a_log_goes_on_or_does_not(
    tmp_path: Path, copy: Copy, history: History, size: int, *, holds: bool
) -> None:
    now = publish(tmp_path / "now", history, size)

    assert copy.goes_on(str(now), KEYS) is holds


def test_a_head_of_another_signer_is_none(tmp_path: Path, copy: Copy) -> None:
    now = publish(tmp_path / "now", TRUE, 33, signer("erasure"))

    assert not copy.goes_on(str(now), KEYS)
    assert not copy.goes_on(str(tmp_path / "nowhere"), KEYS)


async def test_every_file_is_served_with_the_same_bytes_or_it_is_said(
    tmp_path: Path, copy: Copy
) -> None:
    folder = tmp_path / "copied"
    (path,) = copy.files
    app = Starlette(routes=[Mount("/log", StaticFiles(directory=folder))])
    async with listening(app, "127.0.0.1:0", WebSettings.load()) as port:
        address = f"http://127.0.0.1:{port}/log"
        same = await asyncio.to_thread(copy.is_served, address)
        replace(folder / path, bytes(len(copy.files[path])))
        bent = await asyncio.to_thread(copy.is_served, address)

    assert (same, bent) == (True, False)
