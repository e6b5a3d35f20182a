"""The rules are data: ids are unique, parameters belong to rules and keep to their own range."""

import re
from datetime import timedelta

import pytest

from contracts.policy import (
    COUNTS,
    DURATIONS,
    LIMITS,
    LINT,
    PARAMETERS,
    RETENTIONS,
    RULES,
    Finding,
    Limit,
    Parameter,
    Retention,
    Rule,
)
from contracts.policy.rules import ALL

POLICY_LINES = 311


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_where_it_comes_from_and_what_holds(rule: Rule) -> None:
    assert re.fullmatch(r"R-[A-Z0-9]+-[0-9]{2}", rule.id)
    assert rule.lines or rule.source
    assert all(1 <= line <= POLICY_LINES for line in rule.lines)
    assert rule.holds.endswith(".")


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda parameter: parameter.name)
def test_a_parameter_belongs_to_a_rule_and_its_default_is_allowed(parameter: Parameter) -> None:
    assert parameter.rule in RULES
    assert parameter.allows(parameter.default)
    assert not parameter.allows(parameter.least - timedelta(seconds=1))
    assert not parameter.allows(parameter.most + timedelta(seconds=1))


@pytest.mark.parametrize("limit", LIMITS.values(), ids=lambda limit: limit.name)
def test_a_count_belongs_to_a_rule_and_its_default_is_allowed(limit: Limit) -> None:
    assert limit.rule in RULES
    assert limit.allows(limit.default)
    assert not limit.allows(limit.least - 1)
    assert not limit.allows(limit.most + 1)


@pytest.mark.parametrize(
    "retention", RETENTIONS, ids=lambda one: f"{one.service}-{one.trigger.replace(' ', '-')}"
)
def test_a_trigger_ends_in_a_deletion_in_a_time_that_is_stated(retention: Retention) -> None:
    assert retention.rule in RULES
    assert retention.wait is None or retention.wait in PARAMETERS
    assert PARAMETERS[retention.within].most <= timedelta(hours=72)


@pytest.mark.parametrize("finding", LINT, ids=lambda finding: finding.id)
def test_a_finding_says_what_was_chosen_and_who_decides(finding: Finding) -> None:
    assert finding.rules
    assert set(finding.rules) <= set(RULES)
    assert set(finding.parameters) <= {*PARAMETERS, *LIMITS}
    assert finding.decides in {"controller", "operator"}
    assert all(1 <= line <= POLICY_LINES for line in finding.lines)
    assert finding.finding.endswith(".")
    assert finding.chosen.endswith(".")


def test_names_stand_once() -> None:
    assert len(RULES) == len(ALL)
    assert len(PARAMETERS) + len(LIMITS) == len({one.name for one in (*DURATIONS, *COUNTS)})
    assert [finding.id for finding in LINT] == [f"P{number}" for number in range(1, 22)]
