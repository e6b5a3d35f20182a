"""A log line has fixed words and known fields, so that nobody's name gets in."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.logs import FIELDS

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "shared", "services")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"log", "logger"}


def _lines() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id.lstrip("_") in LOGGERS
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@pytest.mark.parametrize(
    ("place", "call"), list(_lines()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_log_line_has_fixed_words_and_known_fields(place: str, call: ast.Call) -> None:
    fixed = (
        len(call.args) == 1
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    )
    unknown = {keyword.arg for keyword in call.keywords} - FIELDS - {"exc_info"}

    assert fixed, f"{place}: write the event as fixed words and values as fields"
    assert not unknown, f"{place}: add {unknown} to FIELDS in shared/logs.py if it names nobody"
