"""Go's checksum database reads our log: notes, tiles, inclusion, consistency. No code in common."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.merkle import leaf_hash
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.entries import of_certificate
from contracts.tlog.notes import VerifierKey
from contracts.tlog.tiles import append, consistency, inclusion, subtree
from contracts.vocabulary import Role
from tests.contracts.samples import digest, signer
from tests.golang import build, run

FOLDER = Path(__file__).with_name("golang")
ORIGIN = "log.example.org/erasure"
LOG = signer("erasure", Role.LOG)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the other implementation, once."""
    return build(FOLDER, tmp_path_factory.mktemp("go") / "check")


def _written(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _log(size: int) -> dict[str, Any]:
    """Write a log of ours with everything that can be asked of it."""
    entries = [of_certificate(bytes.fromhex(digest(str(number)))) for number in range(size)]
    tiles = append({}, 0, list(map(leaf_hash, entries)))
    head = Checkpoint(ORIGIN, size, subtree(tiles, 0, size))

    def way(ranges: Sequence[tuple[int, int]]) -> list[str]:
        return [_written(subtree(tiles, *one)) for one in ranges]

    some = sorted({0, size // 3, size // 2, size - 1})
    return {
        "Key": str(VerifierKey(ORIGIN, LOG.public)),
        "Note": head.sign(LOG).decode(),
        "Entries": [_written(entry) for entry in entries],
        "Size": size,
        "Root": _written(head.root),
        "Proofs": [{"Index": at, "Path": way(inclusion(at, size))} for at in some],
        "Trees": [
            {
                "Size": at + 1,
                "Root": _written(subtree(tiles, 0, at + 1)),
                "Path": way(consistency(at + 1, size)),
            }
            for at in some
        ],
        "Tiles": [
            {"L": tile.level, "N": tile.number, "W": len(data) // 32, "Data": _written(data)}
            for tile, data in tiles.items()
        ],
    }


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 1_000, 66_000])
def test_another_implementation_reads_our_log(program: Path, size: int) -> None:
    done = run(program, _log(size))

    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


@pytest.mark.parametrize("what", ["note", "proof", "tree", "tile"])
def test_it_would_say_if_something_were_wrong(program: Path, what: str) -> None:
    log = _log(300)
    if what == "note":
        log["Note"] = log["Note"].replace("\n300\n", "\n299\n")
    elif what == "proof":
        log["Proofs"][1]["Path"][0] = _written(bytes(32))
    elif what == "tree":
        log["Trees"][1]["Path"][0] = _written(bytes(32))
    else:
        log["Tiles"][0]["Data"] = _written(bytes(256 * 32))

    assert run(program, log).returncode == 1
