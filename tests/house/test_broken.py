"""The list of broken rules stays whole: each rule has an entry, and each entry still applies.

That their tests see it is tried by `make test-broken`, which takes longer than a suite may.
"""

from pathlib import Path

import pytest

from contracts.policy import RULES
from services.policy import marks, owed_rules
from tests.broken.entries import Entry, read_entries

ROOT = Path(__file__).parents[2]
ENTRIES = read_entries()
OF_THE_DESK = "rights"  # what people ask for at the privacy centre has tests of its own


@pytest.mark.parametrize("rule", owed_rules())
def test_a_rule_is_broken_at_least_once(rule: str) -> None:
    broken = {entry.rule for entry in ENTRIES}

    assert rule in broken or RULES[rule].owner == OF_THE_DESK, (
        "say in tests/broken/ how to break it and which test sees it, then `make test-broken`"
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: f"{one.rule} {one.how}")
def test_an_entry_applies_and_names_tests_of_its_rule(entry: Entry) -> None:
    tests = {f"{file}::{name}" for file, name in marks().get(entry.rule, frozenset())}

    changed = entry.applied((ROOT / entry.file).read_text("utf-8"))

    assert changed
    assert entry.find != entry.put
    assert entry.red
    assert set(entry.red) <= tests, "only a test that is marked with the rule can prove it"


def test_no_two_entries_say_the_same() -> None:
    said = [(entry.rule, entry.how) for entry in ENTRIES]

    assert len(said) == len(set(said))
