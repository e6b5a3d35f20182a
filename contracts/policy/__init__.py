"""The rules that the system carries out, as data: id, lines of the policy, what must hold.

Ids are permanent; each test that proves one is marked `@pytest.mark.rule("R-NL-04")`. Parameters
are what the policy leaves open: a default, an allowed range, the rule they belong to. Durations
stand in every certificate. `expunge policy` prints all of it with code and tests. Nothing here is
legal advice.
"""

from types import MappingProxyType

from contracts.policy.lint import LINT
from contracts.policy.model import EVERYBODY, Finding, Limit, Parameter, Retention, Rule
from contracts.policy.parameters import COUNTS, DURATIONS
from contracts.policy.retention import RETENTIONS
from contracts.policy.rules import ALL

RULES = MappingProxyType({rule.id: rule for rule in ALL})
PARAMETERS = MappingProxyType({parameter.name: parameter for parameter in DURATIONS})
LIMITS = MappingProxyType({limit.name: limit for limit in COUNTS})

__all__ = [
    "COUNTS",
    "DURATIONS",
    "EVERYBODY",
    "LIMITS",
    "LINT",
    "PARAMETERS",
    "RETENTIONS",
    "RULES",
    "Finding",
    "Limit",
    "Parameter",
    "Retention",
    "Rule",
]
