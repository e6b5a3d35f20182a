"""`expunge policy` finds the rule without a test, and shows every gap, trigger and rule once."""

import pytest
import typer
from typer.testing import CliRunner

from contracts.policy import LINT, RETENTIONS, RULES
from services import policy as reading
from services.policy_cli import policy

APP = typer.Typer()
APP.command()(policy)


def test_a_rule_whose_tests_are_gone_is_named_and_ends_with_code_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = CliRunner().invoke(APP, [])
    less = {rule: tests for rule, tests in reading.marks().items() if rule != "R-EV-06"}
    monkeypatch.setattr(reading, "marks", lambda: less)
    missing = CliRunner().invoke(APP, [])

    assert whole.exit_code == 0
    assert f"{len(RULES)} rules, {len(RULES)} with a test" in whole.stdout
    assert missing.exit_code == 1
    assert missing.stderr == "No test is marked with R-EV-06.\n"


@pytest.mark.parametrize(
    ("option", "first"),
    [
        ("--lint", [one.id for one in LINT]),
        ("--retention", sorted({one.service for one in RETENTIONS})),
    ],
)
def test_each_list_is_shown_whole(option: str, first: list[str]) -> None:
    shown = CliRunner().invoke(APP, [option])

    assert shown.exit_code == 0
    assert [one for one in first if f"│ {one} " not in shown.stdout] == []


def test_two_lists_at_once_are_refused() -> None:
    both = CliRunner().invoke(APP, ["--lint", "--retention"])

    assert both.exit_code == 2
    assert both.stdout == ""
