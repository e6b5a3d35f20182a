"""The tree is the one of RFC 6962, checked against its published vectors and its own recursion."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadProof
from contracts.merkle import (
    EMPTY_ROOT,
    Growing,
    leaf_hash,
    node_hash,
    path,
    paths,
    root,
    root_from_path,
)

# The test vectors of the Certificate Transparency implementations: leaves and roots of 1 to 8.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Vector: the path of the first of eight leaves.
PATH_0_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]

sizes = st.integers(1, 70)


def _leaves(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


def _split(size: int) -> int:
    """Largest power of two smaller than size (RFC 6962 section 2.1)."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def _recursive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    at = _split(len(leaves))
    return node_hash(_recursive_root(leaves[:at]), _recursive_root(leaves[at:]))


def _recursive_path(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    at = _split(len(leaves))
    if index < at:
        return [*_recursive_path(leaves[:at], index), _recursive_root(leaves[at:])]
    return [*_recursive_path(leaves[at:], index - at), _recursive_root(leaves[:at])]


def test_the_published_roots() -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES]

    assert [root(hashes[:size]).hex() for size in range(1, 9)] == ROOTS
    assert root([]) == EMPTY_ROOT == sha256(b"").digest()


def test_the_published_path() -> None:
    hashes = [leaf_hash(leaf) for leaf in LEAVES]

    assert [sibling.hex() for sibling in path(hashes, 0)] == PATH_0_OF_8


@given(sizes)
def test_root_and_paths_are_those_of_the_recursive_definition(size: int) -> None:
    leaves = _leaves(size)

    assert root(leaves) == _recursive_root(leaves)
    assert paths(leaves) == [_recursive_path(leaves, index) for index in range(size)]
    assert paths(leaves) == [path(leaves, index) for index in range(size)]


@given(st.data(), sizes)
def test_a_path_leads_to_the_root_and_nothing_else_does(data: st.DataObject, size: int) -> None:
    leaves = _leaves(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size + 3).filter(lambda number: number != index))
    way = path(leaves, index)

    assert root_from_path(leaves[index], index, size, way) == root(leaves)
    assert _found(leaf_hash(b"another"), index, size, way) != root(leaves)
    assert _found(leaves[index], other, size, way) != root(leaves)
    for at in range(len(way)):
        changed = [*way[:at], leaf_hash(b"another"), *way[at + 1 :]]
        assert _found(leaves[index], index, size, changed) != root(leaves)


def _found(leaf: bytes, index: int, size: int, way: list[bytes]) -> bytes | None:
    try:
        return root_from_path(leaf, index, size, way)
    except BadProof:
        return None


@pytest.mark.parametrize(
    ("index", "size", "way"),
    [
        (0, 0, []),
        (-1, 1, []),
        (1, 1, []),
        (0, 1, [bytes(32)]),
        (0, 2, []),
        (0, 2, [bytes(31)]),
        (0, 2, [bytes(32), bytes(32)]),
        (2, 3, [bytes(32), bytes(32)]),
    ],
)
def test_a_path_of_another_shape_is_refused(index: int, size: int, way: list[bytes]) -> None:
    with pytest.raises(BadProof):
        root_from_path(bytes(32), index, size, way)


def test_there_is_no_path_for_a_leaf_that_is_not_there() -> None:
    for index in (-1, 3):
        with pytest.raises(IndexError):
            path(_leaves(3), index)


def test_a_node_cannot_pass_as_a_leaf() -> None:
    left, right = _leaves(2)

    assert leaf_hash(left + right) != node_hash(left, right)


def test_a_tree_that_grows_has_the_root_of_each_size() -> None:
    tree, leaves = Growing(), _leaves(300)
    for size, leaf in enumerate(leaves):
        assert (tree.size, tree.root()) == (size, root(leaves[:size]))
        tree.add(leaf)

    assert tree.root() == root(leaves)
