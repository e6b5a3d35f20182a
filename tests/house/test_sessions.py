"""Pooled connections carry nothing over: there is no reset between two uses."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Only `set local` ends with the transaction; so do an xact lock and set_config(..., true).
SESSION_STATE = re.compile(
    r"""
    (?:\A|;) \s* set \s+ (?!local\b|constraints\b|transaction\b) [\w.]+ \s* (=|\bto\b)
    | (?:\A|;) \s* set \s+ (role|session) \b
    | (?:\A|;) \s* (listen|discard|reset) \s
    | \b create \s+ temp
    | \b pg_(try_)?advisory_lock (_shared)? \s* \(
    | \b set_config \s* \( [^)]* false \s* \)
    """,
    re.VERBOSE | re.IGNORECASE,
)
# These hold a connection of their own for as long as they hold the lock.
OWN_CONNECTION = {"services/scrub.py", "shared/database/migrations.py", "shared/outbox/relay.py"}


def _sources() -> list[Path]:
    files = (path for room in ("shared", "services") for path in (ROOT / room).rglob("*.py"))
    return sorted(path for path in files if str(path.relative_to(ROOT)) not in OWN_CONNECTION)


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_statement_leaves_something_in_the_session(path: Path) -> None:
    tree = ast.parse(path.read_text())
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    left = [
        node.value.strip()[:60]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documented
        and _sends_sql(node.value)
        and SESSION_STATE.search(node.value)
    ]

    assert not left, "write `set local`, or pg_advisory_xact_lock: the pool has no reset query"


def _sends_sql(text: str) -> bool:
    """Leave out sentences: SQL is lower case and has no full stop at its end."""
    stripped = text.strip()
    return stripped[:1].islower() and not stripped.endswith((".", ":"))
