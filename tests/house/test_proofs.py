"""Every guarantee in PROOFS.md names a test that exists, or it is not a guarantee."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _rows() -> list[str]:
    lines = (ROOT / "PROOFS.md").read_text().splitlines()
    return [
        line
        for line in lines
        if line.startswith("| ") and not line.startswith(("| Guarantee", "| Rule |"))
    ]


@cache
def _test_names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row.split("|")[1].strip()[:60])
def test_a_guarantee_names_a_test_that_exists(row: str) -> None:
    references = REFERENCE.findall(row)

    assert references, "name at least one test as `tests/room/test_file.py::test_name`"
    for file, name in references:
        path = ROOT / file
        assert path.exists(), f"{file} is not there"
        assert name in _test_names(path), f"{file} has no {name}"
