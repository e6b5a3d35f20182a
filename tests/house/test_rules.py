"""Every rule that a live service owes has a test that proves it, and PROOFS.md names it."""

import re
from pathlib import Path

from contracts.policy import RULES
from services.policy import marks, owed_rules

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (R-[A-Z0-9]+-[0-9]{2}) \|.*\|(?P<tests>[^|]*)\|$", re.MULTILINE)
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _rows() -> dict[str, set[tuple[str, ...]]]:
    text = (ROOT / "PROOFS.md").read_text()
    return {row[1]: set(REFERENCE.findall(row["tests"])) for row in ROW.finditer(text)}


def test_a_rule_has_a_test_that_is_marked_with_it() -> None:
    unmarked = [rule for rule in owed_rules() if not marks().get(rule)]

    assert not unmarked, "mark the test that proves it: @pytest.mark.rule(...)"


def test_a_mark_names_a_rule_that_we_know() -> None:
    assert set(marks()) <= set(RULES), "add the rule to contracts/policy.py, or mend the mark"


def test_the_table_of_rules_names_tests_that_are_marked() -> None:
    rows = _rows()
    unnamed = [rule for rule in owed_rules() if not rows.get(rule)]
    others = {rule: tests - marks().get(rule, frozenset()) for rule, tests in rows.items()}

    assert not unnamed, "give it a row in PROOFS.md: rule, what holds, tests"
    assert not any(others.values()), f"rows name tests without the rule's mark: {others}"
