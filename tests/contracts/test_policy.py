"""The rules are data: ids are unique, parameters belong to rules and keep to their own range."""

import re
from datetime import timedelta

import pytest

from contracts.policy import PARAMETERS, RULES, Parameter, Rule


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_where_it_comes_from_and_what_holds(rule: Rule) -> None:
    assert re.fullmatch(r"R-[A-Z0-9]+-[0-9]{2}", rule.id)
    assert rule.lines or rule.source
    assert all(1 <= line <= 310 for line in rule.lines), "the policy has 310 lines"
    assert rule.holds.endswith(".")


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=lambda parameter: parameter.name)
def test_a_parameter_belongs_to_a_rule_and_its_default_is_allowed(parameter: Parameter) -> None:
    assert parameter.rule in RULES
    assert parameter.allows(parameter.default)
    assert not parameter.allows(parameter.least - timedelta(seconds=1))
    assert not parameter.allows(parameter.most + timedelta(seconds=1))


def test_names_stand_once() -> None:
    from contracts import policy  # noqa: PLC0415

    assert len(RULES) == len(policy._RULES)
    assert len(PARAMETERS) == len(policy._PARAMETERS)
