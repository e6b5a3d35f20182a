"""Small files and small functions, so that a reader holds one thing at a time."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "shared", "services", "demo", "bench")
MAX_FUNCTION_LINES = 40
MAX_FILE_LINES = 300


def _sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def test_a_file_holds_one_noun() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in _sources()}

    long = {str(path): size for path, size in sizes.items() if size > MAX_FILE_LINES}

    assert sizes
    assert not long, "split the file by noun; see docs/architecture.md, Style"


def test_a_function_fits_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for path in _sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    ]

    assert not long, "give a part of the function its own name"
