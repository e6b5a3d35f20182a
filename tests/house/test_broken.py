"""The list of broken rules stays whole: each rule has an entry, and each entry still applies.

That their tests see it is tried by `make test-broken`, which takes longer than a suite may.
"""

import re
from functools import cache
from pathlib import Path

from contracts.policy import RULES
from services.policy import marks, owed_rules
from tests.broken.entries import read_entries

ROOT = Path(__file__).parents[2]
ENTRIES = read_entries()
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
OF_THE_DESK = "rights"  # what people ask for at the privacy centre has tests of its own


def test_a_rule_is_broken_at_least_once() -> None:
    broken = {entry.rule for entry in ENTRIES}
    owed = {rule for rule in owed_rules() if RULES[rule].owner != OF_THE_DESK}

    assert owed <= broken, (
        "say in tests/broken/ how to break it and which test sees it, then `make test-broken`"
    )


def test_an_entry_applies_and_names_tests_of_its_rule() -> None:
    assert ENTRIES
    for entry in ENTRIES:
        said = f"{entry.rule} {entry.how}"
        tests = {f"{file}::{name}" for file, name in _tests_of(entry.rule)}

        assert entry.applied((ROOT / entry.file).read_text("utf-8")), said
        assert entry.find != entry.put, said
        assert entry.red, said
        assert set(entry.red) <= tests, f"{said}: mark the test with the rule, or name it in PROOFS"


def _tests_of(rule: str) -> frozenset[tuple[str, str]]:
    """Give the tests that may prove a rule: of the policy, those with its mark.

    Of a specification that we keep, those of the guarantees in PROOFS.md.
    """
    return marks().get(rule, frozenset()) if rule in RULES else frozenset(_guaranteed())


@cache
def _guaranteed() -> list[tuple[str, str]]:
    return REFERENCE.findall((ROOT / "PROOFS.md").read_text())


def test_no_two_entries_say_the_same() -> None:
    said = [(entry.rule, entry.how) for entry in ENTRIES]

    assert len(said) == len(set(said))
