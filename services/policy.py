"""Each rule of the policy with its parameters, code and tests: read, not remembered.

Code is where the rule's id stands in our rooms; tests are those marked with it, found by reading
the tests' syntax, without running them.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from contracts.policy import EVERYBODY, LIMITS, PARAMETERS, RULES, Limit, Parameter, Rule
from services.registry import with_database

ROOT: Final = Path(__file__).parents[1]
ROOMS: Final = ("contracts", "shared", "services")
ENDS: Final = frozenset({".py", ".sql", ".html", ".js", ".md", ".toml"})
DATA: Final = ROOT / "contracts" / "policy"  # says what the rules are, not how they are kept
ID: Final = re.compile(r"\bR-[A-Z0-9]+-[0-9]{2}\b")


@dataclass(frozen=True, slots=True)
class Row:
    """One rule and where it is kept and proven; `owed`: it must have a test by now."""

    rule: Rule
    parameters: tuple[str, ...]
    code: tuple[str, ...]
    tests: tuple[str, ...]
    owed: bool


def owed_rules() -> tuple[str, ...]:
    """Name the rules that must have a test: those built, of services that are live."""
    live = {EVERYBODY, *(service.name for service in with_database())}
    return tuple(rule.id for rule in RULES.values() if rule.built and rule.owner in live)


@lru_cache(maxsize=1)
def marks() -> dict[str, frozenset[tuple[str, str]]]:
    """Give the tests of each rule that a mark names, as (file, name)."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for rule in _marked(node):
                    found.setdefault(rule, set()).add((str(path.relative_to(ROOT)), node.name))
    return {rule: frozenset(tests) for rule, tests in found.items()}


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
            for argument in mark.args:
                yield ast.literal_eval(argument)


@lru_cache(maxsize=1)
def places() -> dict[str, tuple[str, ...]]:
    """Give the places of our code where each rule's id stands, as file:line."""
    found: dict[str, list[str]] = {}
    for path in (one for room in ROOMS for one in sorted((ROOT / room).rglob("*"))):
        if path.suffix not in ENDS or DATA in path.parents:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for rule in ID.findall(line):
                found.setdefault(rule, []).append(f"{path.relative_to(ROOT)}:{number}")
    return {rule: tuple(where) for rule, where in found.items()}


def matrix() -> list[Row]:
    """Give every rule in the policy's order."""
    owed = frozenset(owed_rules())
    limits: tuple[Parameter | Limit, ...] = (*PARAMETERS.values(), *LIMITS.values())
    return [
        Row(
            rule,
            tuple(limit.name for limit in limits if limit.rule == rule.id),
            places().get(rule.id, ()),
            tuple(f"{file}::{name}" for file, name in sorted(marks().get(rule.id, ()))),
            rule.id in owed,
        )
        for rule in RULES.values()
    ]
