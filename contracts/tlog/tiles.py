"""The tree of a log, cut into tiles (c2sp.org/tlog-tiles), and proofs read out of them.

A tile of level L holds 256 neighbouring hashes, each over 256**L leaves; the last one of a level is
partial until it is full, and only a full one is hashed into the level above. Tiles come and go as
the bytes that are served: hashes of 32 bytes, joined. A wider version of a tile serves as well.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from contracts.errors import BadLog, BadProof
from contracts.merkle import EMPTY_ROOT, HASH_BYTES, node_hash, root, root_from_path

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MAX_PATH_CHARACTERS: Final = 64
TILE_BYTES: Final = WIDTH * HASH_BYTES


class Tile(NamedTuple):
    """Which tile: its level and its number within the level, both from 0."""

    level: int
    number: int


class Node(NamedTuple):
    """A complete subtree: the one over leaves index * 2**height to (index + 1) * 2**height."""

    height: int
    position: int

    @property
    def tile(self) -> Tile:
        """Which tile holds the hashes that this node is over, or the node itself."""
        level, below = divmod(self.height, HEIGHT)
        return Tile(level, (self.position << below) >> HEIGHT)


Tiles = Mapping[Tile, bytes]
Range = tuple[int, int]  # a subtree of RFC 6962: leaves from, and up to but without


def hashes_of(tile: bytes) -> list[bytes]:
    """Cut a tile into its hashes."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def width_of(level: int, size: int, number: int) -> int:
    """How many hashes a tile has when the tree has `size` leaves: 0 to 256."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - number * WIDTH))


def edge(size: int) -> list[Tile]:
    """List the partial tiles of a tree of `size` leaves, one of a level, lowest first."""
    levels = range(-(-size.bit_length() // HEIGHT))
    counts = [size >> HEIGHT * level for level in levels]
    return [Tile(n, count >> HEIGHT) for n, count in enumerate(counts) if count % WIDTH]


def append(tiles: Tiles, size: int, leaves: Sequence[bytes]) -> dict[Tile, bytes]:
    """Add leaf hashes to a tree of `size` leaves; gives every tile that is new or has grown.

    `tiles` has at least `edge(size)`. Raises BadLog if one of those is missing or too short.
    """
    grown: dict[Tile, bytes] = {}
    level, added = 0, list(leaves)
    while added:
        number, width = divmod(size >> HEIGHT * level, WIDTH)
        before = tiles.get(Tile(level, number), b"")[: width * HASH_BYTES]
        if len(before) != width * HASH_BYTES:
            raise BadLog
        joined = before + b"".join(added)
        added = []
        for at in range(0, len(joined), TILE_BYTES):
            tile = joined[at : at + TILE_BYTES]
            grown[Tile(level, number + at // TILE_BYTES)] = tile
            if len(tile) == TILE_BYTES:
                added.append(root(hashes_of(tile)))
        level += 1
    return grown


def cover(start: int, end: int) -> Iterator[Node]:
    """Cut a subtree of RFC 6962 into complete ones, from left to right."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield Node(height, start >> height)
        start += 1 << height


def tiles_for(ranges: Iterable[Range]) -> set[Tile]:
    """Name the tiles that `subtree` needs for these."""
    return {node.tile for start, end in ranges for node in cover(start, end)}


def subtree(tiles: Tiles, start: int, end: int) -> bytes:
    """Hash of a subtree (RFC 6962 section 2.1). Raises BadLog if a tile is missing or short."""
    value: bytes | None = None
    for node in reversed(list(cover(start, end))):
        mine = _hash(tiles, node)
        value = mine if value is None else node_hash(mine, value)
    return EMPTY_ROOT if value is None else value


def _hash(tiles: Tiles, node: Node) -> bytes:
    width = 1 << node.height % HEIGHT
    at = node.position * width % WIDTH * HASH_BYTES
    found = hashes_of(tiles.get(node.tile, b"")[at : at + width * HASH_BYTES])
    if len(found) != width or len(found[-1]) != HASH_BYTES:
        raise BadLog
    return root(found)


def inclusion(index: int, size: int) -> list[Range]:
    """Siblings of a leaf from the leaf up (RFC 9162 section 2.1.3.1). Raises BadLog."""
    if not 0 <= index < size:
        raise BadLog
    start, end, found = 0, size, list[Range]()
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """Subtrees that show a tree of `old` leaves within one of `new` (RFC 9162 section 2.1.4.1).

    Every tree holds the empty one: that needs no proof. Raises BadLog if `old` is larger.
    """
    if not 0 <= old <= new:
        raise BadLog
    start, end, found = 0, new if old else 0, list[Range]()
    while end > old:
        middle = _middle(start, end)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    if start:
        found.append((start, end))
    return found[::-1]


def _middle(start: int, end: int) -> int:
    """Where a subtree is parted: after the largest power of two that leaves something over."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def check_consistency(old: tuple[int, bytes], new: tuple[int, bytes], way: Sequence[bytes]) -> None:
    """Check that a tree (size, root) is the beginning of another (RFC 9162 section 2.1.4.2).

    Raises BadLog if the proof does not show it.
    """
    (size, root_then), (after, root_now) = old, new
    if len(way) != len(consistency(size, after)):
        raise BadLog
    if size in {0, after}:
        if size and root_then != root_now:
            raise BadLog
        return
    complete = size & (size - 1) == 0  # then it is itself a node of the other
    first, *others = [root_then, *way] if complete else way
    at, last = size - 1, after - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    then = now = first
    for sibling in others:
        if at & 1 or at == last:
            then, now = node_hash(sibling, then), node_hash(sibling, now)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        at, last = at >> 1, last >> 1
    if (then, now, last) != (root_then, root_now, 0):
        raise BadLog


def check_inclusion(leaf: bytes, index: int, tree: tuple[int, bytes], way: Sequence[bytes]) -> None:
    """Check that a leaf hash stands at `index` of a tree (size, root). Raises BadLog."""
    size, of_tree = tree
    try:
        found = root_from_path(leaf, index, size, way)
    except BadProof:
        raise BadLog from None
    if found != of_tree:
        raise BadLog


_PATH: Final = re.compile(r"(entries|0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?")


def read_path(path: str) -> tuple[Tile | int, int]:
    """Read what `path_of` wrote after `tile/`: which tile or bundle, how wide. Raises BadLog."""
    found = _PATH.fullmatch(path)
    if found is None or len(path) > MAX_PATH_CHARACTERS:
        raise BadLog
    level, digits, width = found.groups()
    number = int(digits.replace("/", "").replace("x", ""))
    tile = number if level == "entries" else Tile(int(level), number)
    of_width = WIDTH if width is None else int(width)
    if path_of(tile, of_width) != f"tile/{path}":
        raise BadLog
    return tile, of_width


def path_of(tile: Tile | int, width: int = WIDTH) -> str:
    """Write where a tile is served, below the log's prefix; a number means a bundle of entries.

    Raises BadLog for a width that is none.
    """
    if not 1 <= width <= WIDTH:
        raise BadLog
    level, number = ("entries", tile) if isinstance(tile, int) else tile
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    where = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{where}" + ("" if width == WIDTH else f".p/{width}")
