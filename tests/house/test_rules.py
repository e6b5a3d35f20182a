"""Every rule that a live service owes has a test that proves it, and PROOFS.md names it."""

import re
from pathlib import Path

import pytest

from contracts.policy import RULES
from services.policy import marks, owed_rules

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (R-[A-Z0-9]+-[0-9]{2}) \|.*\|(?P<tests>[^|]*)\|$", re.MULTILINE)
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _rows() -> dict[str, set[tuple[str, ...]]]:
    text = (ROOT / "PROOFS.md").read_text()
    return {row[1]: set(REFERENCE.findall(row["tests"])) for row in ROW.finditer(text)}


@pytest.mark.parametrize("rule", owed_rules())
def test_a_rule_has_a_test_that_is_marked_with_it(rule: str) -> None:
    assert marks().get(rule), f'mark the test that proves it: @pytest.mark.rule("{rule}")'


@pytest.mark.parametrize("rule", marks())
def test_a_mark_names_a_rule_that_we_know(rule: str) -> None:
    assert rule in RULES, "add the rule to contracts/policy.py, or mend the mark"


@pytest.mark.parametrize("rule", owed_rules())
def test_the_table_of_rules_names_tests_that_are_marked(rule: str) -> None:
    named = _rows().get(rule)

    assert named, f"give {rule} a row in PROOFS.md: rule, what holds, tests"
    assert named <= marks().get(rule, frozenset()), "the row names a test without the rule's mark"
