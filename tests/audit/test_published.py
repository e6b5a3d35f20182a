"""The public log is read from a folder or over HTTP, in the same words."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from contracts.errors import BadLog
from contracts.merkle import Growing, leaf_hash
from contracts.tlog.entries import Kind, join_entries
from contracts.tlog.tiles import WIDTH, Tile, append, path_of, subtree, tiles_for, width_of
from services.erasure.audit.entries import Unreadable
from services.erasure.audit.published import MAX_BYTES, Published

SIZE = 700  # two full bundles and a part of one
LEAVES = [Kind.TRANSACTION.value + number.to_bytes(32, "big") for number in range(SIZE)]


def put(folder: Path, name: str, content: bytes) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write a log as any web server may serve it."""
    for number in range(-(-SIZE // WIDTH)):
        some = LEAVES[number * WIDTH : (number + 1) * WIDTH]
        put(tmp_path, path_of(number, len(some)), join_entries(some))
    for tile, content in append({}, 0, list(map(leaf_hash, LEAVES))).items():
        put(tmp_path, path_of(tile, width_of(tile.level, SIZE, tile.number)), content)
    put(tmp_path, "checkpoint", b"a head")
    return tmp_path


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(files: Path) -> Iterator[str]:
    """Serve the folder over HTTP below /log, as a company does."""
    (files / "www").mkdir()
    (files / "www" / "log").symlink_to(files)
    handler = partial(Quiet, directory=files / "www")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/log/"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["folder", "address"])
def log(request: pytest.FixtureRequest, files: Path) -> Iterator[Published]:
    """Read the log in either way."""
    where = str(files) if request.param == "folder" else request.getfixturevalue("address")
    published = Published(where)
    yield published
    published.close()


def test_head_leaves_and_tiles_come_as_they_were_written(log: Published) -> None:
    whole = [(0, SIZE)]
    tree = Growing()
    for entry in log.leaves(SIZE):
        tree.add(leaf_hash(entry))

    assert log.note() == b"a head"
    assert list(log.leaves(SIZE)) == LEAVES
    assert list(log.leaves(512)) == LEAVES[:512]
    assert subtree(log.tiles(tiles_for(whole), SIZE), *whole[0]) == tree.root()


def test_a_full_tile_serves_for_the_part_that_it_replaced(log: Published) -> None:
    assert list(log.leaves(300)) == LEAVES[:300]
    assert log.tiles([Tile(0, 1)], 300)[Tile(0, 1)] == b"".join(map(leaf_hash, LEAVES[256:300]))


def test_what_is_not_there_is_told_from_nobody_who_answers(
    log: Published, files: Path, address: str
) -> None:
    (files / path_of(1)).unlink()
    (files / "checkpoint").unlink()
    with pytest.raises(BadLog):
        list(log.leaves(SIZE))
    with pytest.raises(Unreadable, match="no head"):
        log.note()
    nobody = Published(address.replace("127.0.0.1", "127.0.0.2"))
    with pytest.raises(Unreadable, match="does not answer"):
        nobody.note()
    nobody.close()


def test_nobody_can_fill_the_memory_with_a_head(log: Published, files: Path) -> None:
    put(files, "checkpoint", bytes(MAX_BYTES + 1))

    with pytest.raises(Unreadable, match="larger than any"):
        log.note()
