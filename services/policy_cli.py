"""`expunge policy`: the rules with code and tests, the policy's gaps, what deletes when."""

import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from contracts.policy import LIMITS, LINT, PARAMETERS, RETENTIONS
from services.policy import Row, matrix

SHOWN: Final = 3  # places and tests of one rule; --json has all
UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
WIDTH: Final = 120  # where nobody looks: a pipe or a file


def policy(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs.")] = False,
    lint: Annotated[bool, typer.Option("--lint", help="Gaps in the policy's text.")] = False,
    retention: Annotated[bool, typer.Option("--retention", help="What deletes when.")] = False,
) -> None:
    """Show each rule with policy lines, code and tests; exit code 1 if one owes its test."""
    if lint and retention:
        message = "Choose one of --lint and --retention."
        raise typer.BadParameter(message)
    if lint:
        _show(_findings(), LINT, as_json=as_json)
    elif retention:
        _show(_retentions(), RETENTIONS, as_json=as_json)
    else:
        _rules(matrix(), as_json=as_json)


def _rules(rows: Sequence[Row], *, as_json: bool) -> None:
    _show(_matrix(rows), rows, as_json=as_json)
    missing = [row.rule.id for row in rows if row.owed and not row.tests]
    if missing:
        sys.stderr.write(f"No test is marked with {', '.join(missing)}.\n")
        raise typer.Exit(1)


def _show(shown: Table | str, items: object, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    if isinstance(shown, str):
        sys.stdout.write(f"{shown}\n")
        return
    console = Console()
    Console(width=console.width if console.is_terminal else WIDTH).print(shown)


def _matrix(rows: Sequence[Row]) -> str:
    proven = sum(bool(row.tests) for row in rows)
    return "\n".join((*map(_block, rows), f"{len(rows)} rules, {proven} with a test"))


def _block(row: Row) -> str:
    rule = row.rule
    source = ", ".join(part for part in (_lines(rule.lines), rule.source) if part)
    nothing = "none" if row.owed else "none yet"
    return "\n".join(
        (
            f"{rule.id}  {rule.owner}  {source}",
            f"    {rule.holds}",
            *(f"    {_setting(name)}" for name in row.parameters),
            f"    code   {_some(row.code) or nothing}",
            f"    tests  {_some(row.tests) or nothing}",
            "",
        )
    )


def _findings() -> Table:
    table = _table(("no.", "lines", "found", "chosen", "rules", "decides"))
    for one in LINT:
        table.add_row(
            one.id,
            _lines(one.lines),
            one.finding,
            "\n".join((one.chosen, *(_setting(name) for name in one.parameters))),
            "\n".join(one.rules),
            one.decides,
        )
    return table


def _retentions() -> Table:
    table = _table(("service", "when", "waits", "deleted within", "rule", "receipt says"))
    for one in RETENTIONS:
        table.add_row(
            one.service,
            one.trigger,
            _setting(one.wait) if one.wait else "-",
            _setting(one.within),
            one.rule,
            one.reason.value,
        )
    return table


def _table(columns: Iterable[str]) -> Table:
    table = Table(*columns, show_lines=True)
    table.columns[0].no_wrap = True
    return table


def _setting(name: str) -> str:
    """Write a parameter with its default and its range."""
    if name in LIMITS:
        limit = LIMITS[name]
        return f"{name} {limit.default} ({limit.least} to {limit.most})"
    one = PARAMETERS[name]
    return f"{name} {_time(one.default)} ({_time(one.least)} to {_time(one.most)})"


def _time(value: timedelta) -> str:
    """Write a duration in the largest unit that it is a whole number of."""
    for unit, seconds in UNITS:
        count, rest = divmod(int(value.total_seconds()), seconds)
        if not rest and count:
            return f"{count} {unit}"
    return "0"


def _lines(lines: Sequence[int]) -> str:
    """Write 12, 51 to 62 as L12, L51-62."""
    spans: list[tuple[int, int]] = []
    for line in lines:
        if spans and line == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], line)
        else:
            spans.append((line, line))
    return ", ".join(f"L{first}" if first == last else f"L{first}-{last}" for first, last in spans)


def _some(places: Sequence[str]) -> str:
    rest = len(places) - SHOWN
    return f"\n{' ' * 11}".join((*places[:SHOWN], *([f"and {rest} more"] if rest > 0 else [])))
