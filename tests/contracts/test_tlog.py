"""The tree in tiles is the tree of RFC 6962, and its notes are read by nobody but who should."""

import base64
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadLog
from contracts.merkle import EMPTY_ROOT, leaf_hash, path, root
from contracts.tlog.checkpoint import Checkpoint, LogProof
from contracts.tlog.entries import join_entries, of_certificate, split_entries, tile_of_bundle
from contracts.tlog.notes import VerifierKey, key_id, open_note, sign_note
from contracts.tlog.tiles import (
    TILE_BYTES,
    Tile,
    append,
    check_consistency,
    check_inclusion,
    consistency,
    edge,
    inclusion,
    path_of,
    subtree,
    tiles_for,
    width_of,
)
from contracts.vocabulary import Role
from tests.contracts.samples import signer
from tests.contracts.test_merkle import LEAVES, ROOTS

ORIGIN = "log.example.org/erasure"
LOG = signer("erasure", Role.LOG)
MOST = 70_000
ALL = [leaf_hash(b"%d" % number) for number in range(MOST)]
# The sizes where tiles begin and end, and what stands beside them.
SIZES = (1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, MOST)


def grown(sizes: Sequence[int]) -> dict[Tile, bytes]:
    """Grow a tree to each of these sizes in turn, knowing only its edge each time."""
    tiles: dict[Tile, bytes] = {}
    before = 0
    for size in sizes:
        known = {tile: tiles[tile] for tile in edge(before)}
        tiles |= append(known, before, ALL[before:size])
        before = size
    return tiles


TILES = grown(SIZES)


def test_the_published_roots_stand_in_the_tiles_too() -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES]
    tiles = append({}, 0, hashes)

    assert [subtree(tiles, 0, size).hex() for size in range(1, 9)] == ROOTS
    assert subtree({}, 0, 0) == EMPTY_ROOT


@given(st.lists(st.integers(1, 1_500), min_size=1, max_size=5, unique=True).map(sorted))
def test_however_a_log_grew_its_tiles_are_the_same(sizes: list[int]) -> None:
    tiles = grown(sizes)

    assert tiles == append({}, 0, ALL[: sizes[-1]])
    assert subtree(tiles, 0, sizes[-1]) == root(ALL[: sizes[-1]])


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    widths = {tile: len(hashes) // 32 for tile, hashes in TILES.items()}

    assert [tile for tile, width in widths.items() if width == 256 and tile.level == 0] == [
        Tile(0, number) for number in range(273)
    ]
    partial = {Tile(0, 273): 112, Tile(1, 1): 17, Tile(2, 0): 1}
    assert {tile: width for tile, width in widths.items() if width < 256} == partial
    assert edge(MOST) == sorted(partial)
    assert {tile: width_of(tile.level, MOST, tile.number) for tile in widths} == widths


@given(st.data())
def test_a_proof_from_tiles_is_the_path_of_the_tree(data: st.DataObject) -> None:
    size = data.draw(st.one_of(st.sampled_from(SIZES[:8]), st.integers(1, 3_000)))
    index = data.draw(st.integers(0, size - 1))

    ranges = inclusion(index, size)
    needed = {tile: TILES[tile] for tile in tiles_for(ranges)}
    way = [subtree(needed, *one) for one in ranges]

    assert way == path(ALL[:size], index)
    check_inclusion(ALL[index], index, (size, root(ALL[:size])), way)
    with pytest.raises(BadLog):
        check_inclusion(ALL[(index + 1) % MOST], index, (size, root(ALL[:size])), way)


@given(st.data())
def test_a_beginning_is_shown_to_be_one_and_nothing_else_is(data: st.DataObject) -> None:
    new = data.draw(st.one_of(st.sampled_from(SIZES), st.integers(1, MOST)))
    old = data.draw(st.integers(0, new))
    was, now = subtree(TILES, 0, old), subtree(TILES, 0, new)

    way = [subtree(TILES, *one) for one in consistency(old, new)]

    check_consistency((old, was), (new, now), way)
    if not old:
        return
    flipped = bytes([was[0] ^ 1]) + was[1:]
    for wrong in (
        ((old, flipped), (new, now), way),
        ((old, was), (new, flipped), way),
        ((old, was), (new, now), [*way, now]),
        *(((old, was), (new, now), [*way[:n], flipped, *way[n + 1 :]]) for n in range(len(way))),
    ):
        with pytest.raises(BadLog):
            check_consistency(*wrong)


def test_a_second_history_is_consistent_with_nothing() -> None:
    other = [*ALL[:300], leaf_hash(b"another"), *ALL[301:1_000]]
    tiles = append({}, 0, other)
    way = [subtree(tiles, *one) for one in consistency(600, 1_000)]

    with pytest.raises(BadLog):
        check_consistency((600, subtree(TILES, 0, 600)), (1_000, subtree(tiles, 0, 1_000)), way)


@pytest.mark.parametrize("tile", [b"", TILES[Tile(0, 1)][:-64], TILES[Tile(0, 1)][:-33]])
def test_a_tile_that_is_missing_or_short_proves_nothing(tile: bytes) -> None:
    tiles = {**TILES, Tile(0, 1): tile}

    with pytest.raises(BadLog):
        subtree(tiles, 511, 512)
    with pytest.raises(BadLog):
        append(tiles, 511, [ALL[511]])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_in_a_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(BadLog):
        inclusion(index, size)
    with pytest.raises(BadLog):
        consistency(size + 1, size)


@pytest.mark.parametrize(
    ("tile", "width", "path_there"),
    [
        (Tile(0, 0), 256, "tile/0/000"),
        (Tile(1, 1_234_067), 256, "tile/1/x001/x234/067"),
        (Tile(0, 273), 112, "tile/0/273.p/112"),
        (5, 256, "tile/entries/005"),
        (1_000, 1, "tile/entries/x001/000.p/1"),
    ],
)
def test_tiles_stand_where_the_specification_says(
    tile: Tile | int, width: int, path_there: str
) -> None:
    assert path_of(tile, width) == path_there


@pytest.mark.parametrize("width", [0, 257])
def test_a_tile_of_another_width_stands_nowhere(width: int) -> None:
    with pytest.raises(BadLog):
        path_of(Tile(0, 0), width)


def test_a_bundle_of_entries_hashes_to_its_tile() -> None:
    entries = [of_certificate(bytes([number]) * 32) for number in range(256)]
    bundle = join_entries(entries)

    assert bundle[:3] == b"\x00\x21\x02"
    assert split_entries(bundle) == entries
    assert tile_of_bundle(bundle) == b"".join(map(leaf_hash, entries))
    assert len(tile_of_bundle(bundle)) == TILE_BYTES
    for wrong in (bundle[:-1], b"\x00\x20" + bundle[2:]):
        with pytest.raises(BadLog):
            split_entries(wrong)


HEAD = Checkpoint(ORIGIN, 3, root(ALL[:3]))


def test_a_key_has_the_id_that_the_specification_gives_it() -> None:
    # The key in the documentation of Go's note package.
    public = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]

    assert key_id("PeterNeumann", public).hex() == "c74f20a3"
    assert str(VerifierKey("PeterNeumann", public)) == (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )


def test_a_checkpoint_is_read_back_by_who_knows_its_key() -> None:
    note = HEAD.sign(LOG)
    witness = b"\xe2\x80\x94 witness.example.org AAAAAAAA\n"

    assert Checkpoint.open(note, LOG.public) == HEAD
    assert Checkpoint.open(note + witness, LOG.public) == HEAD
    assert note.startswith(f"{ORIGIN}\n3\n".encode())


def _bent(note: bytes) -> dict[str, bytes]:
    text, signature = note.split(b"\n\n")
    return {
        "size": note.replace(b"\n3\n", b"\n4\n"),
        "spelling": note.replace(b"\n3\n", b"\n03\n"),
        "sign": note.replace(b"\n3\n", b"\n-3\n"),
        "root": note.replace(text[-44:], base64.b64encode(bytes(32))),
        "origin": note.replace(ORIGIN.encode(), b"log.example.org/other"),
        "no signature": text + b"\n\n",
        "unsigned": text + b"\n",
        "signer": Checkpoint(ORIGIN, 3, HEAD.root).sign(signer("erasure")),
        "no line feed": note[:-1],
        "control": b"\x01" + note,
        "not UTF-8": b"\xff" + note,
        "dash": note.replace("\N{EM DASH}".encode(), b"-"),
        "base64": note[:-3] + b"\n",
        "extension": sign_note(f"{text.decode()}\nmore\n", ORIGIN, LOG),
        "short root": sign_note(f"{ORIGIN}\n3\nAAAA\n", ORIGIN, LOG),
        "one more": signature.join([text + b"\n\n", signature.replace(b"A", b"B")]),
        "long": sign_note("a" * 70_000 + "\n", ORIGIN, LOG),
    }


@pytest.mark.parametrize("how", _bent(HEAD.sign(LOG)))
def test_a_bent_checkpoint_is_refused(how: str) -> None:
    with pytest.raises(BadLog):
        Checkpoint.open(_bent(HEAD.sign(LOG))[how], LOG.public)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u00a0b", "a\nb"])
def test_a_name_that_a_note_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(BadLog):
        Checkpoint(name, 3, HEAD.root).sign(LOG)
    with pytest.raises(BadLog):
        open_note(HEAD.sign(LOG), name, LOG.public)


ENTRIES = [of_certificate(bytes([number]) * 32) for number in range(7)]
HASHES = list(map(leaf_hash, ENTRIES))
PROOF = LogProof(3, path(HASHES, 3), Checkpoint(ORIGIN, 7, root(HASHES)).sign(LOG))


def test_a_proof_shows_that_an_entry_is_in_the_log() -> None:
    read = LogProof.read(PROOF.text())
    with_extra = PROOF.text().replace("\nindex", "\nextra AAAA\nindex", 1)

    assert read == PROOF
    assert LogProof.read(with_extra) == PROOF
    assert read.check(ENTRIES[3], LOG.public) == Checkpoint(ORIGIN, 7, root(HASHES))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 3", "index 4"),
        ("index 3", "index 03"),
        ("index 3", "place 3"),
        ("\nindex 3", ""),
        ("index 3\n", "index 3\nAAAA\n"),
        ("index 3", "index 3" + "\nAA" * 70),
        ("\n\n", "\n"),
        ("index 3\n", "index 3\nextra AAAA\n"),
    ],
)
def test_a_bent_proof_shows_nothing(old: str, new: str) -> None:
    bent = PROOF.text().replace(old, new, 1)

    with pytest.raises(BadLog):
        LogProof.read(bent).check(ENTRIES[3], LOG.public)


def test_a_proof_is_of_one_entry_and_of_one_log() -> None:
    for entry, public in ((ENTRIES[4], LOG.public), (ENTRIES[3], signer("erasure").public)):
        with pytest.raises(BadLog):
            PROOF.check(entry, public)
