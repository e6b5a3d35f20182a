"""Every rule that we say we carry out has a test that proves it, and PROOFS.md names it."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from contracts.policy import RULES

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (R-[A-Z0-9]+-[0-9]{2}) \|.*\|(?P<tests>[^|]*)\|$", re.MULTILINE)
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
Marks = dict[str, set[tuple[str, str]]]  # rule to (file, test)


def _rules_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
            for argument in mark.args:
                yield ast.literal_eval(argument)


@lru_cache
def _marks() -> Marks:
    found: Marks = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for rule in _rules_of(node):
                    place = (str(path.relative_to(ROOT)), node.name)
                    found.setdefault(rule, set()).add(place)
    return found


def _rows() -> dict[str, set[tuple[str, ...]]]:
    text = (ROOT / "PROOFS.md").read_text()
    return {row[1]: set(REFERENCE.findall(row["tests"])) for row in ROW.finditer(text)}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_test_that_is_marked_with_it(rule: str) -> None:
    assert _marks().get(rule), f'mark the test that proves it: @pytest.mark.rule("{rule}")'


@pytest.mark.parametrize("rule", _marks())
def test_a_mark_names_a_rule_that_we_know(rule: str) -> None:
    assert rule in RULES, "add the rule to contracts/policy.py, or mend the mark"


@pytest.mark.parametrize("rule", RULES)
def test_the_table_of_rules_names_tests_that_are_marked(rule: str) -> None:
    named = _rows().get(rule)

    assert named, f"give {rule} a row in PROOFS.md: rule, what holds, tests"
    assert named <= _marks().get(rule, set()), "the row names a test without the rule's mark"
