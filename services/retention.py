"""`expunge retention`: what should be deleted by now, what was, what a law still keeps."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from contracts.vocabulary import Reason
from services import registry
from shared.commands import AsJson, opened, run
from shared.slice import Service
from shared.slice.retention import (
    DAY,
    Done,
    Standing,
    done_since,
    endless,
    held_now,
    standings,
)

WIDTH: Final = 120  # where nobody looks: a pipe or a file
TIME: Final = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Kept:
    """How one slice keeps the policy's times, now and over the last day."""

    service: str
    triggers: Sequence[Standing]
    done: Mapping[Reason, Done]
    held: Sequence[Mapping[str, Any]]
    endless: int

    @property
    def late(self) -> int:
        """Count what should be gone and is not, or would never go."""
        return sum(one.overdue for one in self.triggers) + self.endless


def retention(*, as_json: AsJson = False) -> None:
    """Show what is due, done in 24 hours, held and overdue; exit code 1 if anything is overdue."""
    found = run(_look_everywhere())
    if as_json:
        sys.stdout.write(orjson.dumps([_plain(one) for one in found]).decode() + "\n")
    else:
        _print(found)
    if any(one.late for one in found):
        raise typer.Exit(1)


async def _look_everywhere() -> list[Kept]:
    return [await _look(service) for service in registry.SERVICES if service.participant]


async def _look(service: Service) -> Kept:
    async with opened(service.name, "eraser") as database, database.begin() as tx:
        return Kept(
            service.name,
            await standings(tx, service.beside),
            await done_since(tx, tx.now - DAY),
            await held_now(tx),
            await endless(tx),
        )


def _plain(kept: Kept) -> dict[str, Any]:
    """Say it for programs; the trigger's own words are the policy's."""
    return {
        "service": kept.service,
        "overdue": kept.late,
        "endless": kept.endless,
        "triggers": [
            {
                "kind": one.trigger.kind,
                "rule": one.trigger.rule,
                "reason": one.trigger.reason,
                "due": one.due,
                "overdue": one.overdue,
                "restricted": one.restricted,
                "since": one.since,
            }
            for one in kept.triggers
        ],
        "done": {reason.value: did for reason, did in kept.done.items()},
        "held": kept.held,
    }


def _print(found: Sequence[Kept]) -> None:
    console = Console()
    screen = Console(width=console.width if console.is_terminal else WIDTH)
    for table in (_due(found), _done(found), _held(found)):
        if table.row_count:
            screen.print(table)
    for kept in found:
        if kept.endless:
            typer.echo(f"{kept.service}: {kept.endless} stand on no consent and have no ending.")
    typer.echo(f"overdue deletions: {sum(kept.late for kept in found)}")


def _due(found: Sequence[Kept]) -> Table:
    table = Table("service", "when", "rule", "due", "overdue", "restricted", "oldest (UTC)")
    table.columns[0].no_wrap = True
    for kept in found:
        for one in kept.triggers:
            numbers = map(_number, (one.due, one.overdue, one.restricted))
            trigger = one.trigger
            table.add_row(kept.service, trigger.trigger, trigger.rule, *numbers, _time(one.since))
    return table


def _done(found: Sequence[Kept]) -> Table:
    table = Table("service", "deleted in 24 hours, because", "receipts", "relationships", "rows")
    for kept in found:
        for reason, did in kept.done.items():
            counts = (str(did.receipts), str(did.relationships), str(did.rows))
            table.add_row(kept.service, reason.value, *counts)
    return table


def _held(found: Sequence[Kept]) -> Table:
    table = Table("service", "kept by law", "reference", "rows", "first ends (UTC)", "last ends")
    for kept in found:
        for one in kept.held:
            ends = (_time(one["first_end"]), _time(one["last_end"]))
            table.add_row(kept.service, one["ground"], one["reference"], str(one["rows"]), *ends)
    return table


def _number(value: int) -> str:
    return str(value) if value else "-"


def _time(at: datetime | None) -> str:
    return "-" if at is None else at.strftime(TIME)
