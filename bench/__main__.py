"""`python -m bench [--full | --logs]`: measure, print a table; 1 if something is wrong or slow.

Nothing else should run on the machine: the numbers are of this machine in this minute, and only
the ratios mean something elsewhere.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import broker, cases, forms, history, logs, memory, report
from bench.place import STATE, facts
from bench.processes import whole_system
from bench.rounds import Result, failed
from services.cli import run
from services.operate import remove_state
from services.up import settings_of_its_own, system
from shared.settings import Settings, SettingsError
from shared.stack.display import Terminal
from shared.stack.errors import StackError
from shared.stack.instance import held
from shared.stack.signals import stop_on_signals
from shared.web.listening import run_on_uvloop
from shared.worker import collect_rarely


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """Show how far each case is, on the error stream."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield progress


async def measure(
    settings: Settings, progress: Progress, *, full: bool
) -> tuple[list[Result], dict[str, Any]]:
    """Run every case; memory first, since it counts messages from the start of the log."""
    size = cases.FULL if full else cases.SMOKE
    results: list[Result] = []
    collect_rarely()  # as a worker does; the limit gains by it too
    await broker.make_limit_topic(settings)
    if full:
        task = progress.add_task("W8 memory", total=memory.MANY)
        results += await cases.memory_use(
            settings, lambda done: progress.update(task, completed=done)
        )
        batches = sum(-(-count // history.BATCH) for count in memory.HISTORIES)
        task = progress.add_task("W8 replay", total=batches)
        results += await cases.memory_of_histories(settings, lambda: progress.advance(task))
    async with whole_system(settings):
        for name, case, total in (
            ("W3 mass erasure", cases.mass_erasure, size.rounds),
            ("W4 at rest", cases.at_rest, None),
            ("verify offline", cases.offline, 1),
        ):
            task = progress.add_task(name, total=total)
            results += await case(settings, size, lambda task=task: progress.advance(task))  # type: ignore[misc]
    task = progress.add_task("W5 audit", total=size.rounds)
    results += await cases.audit(settings, size, lambda: progress.advance(task))
    task = progress.add_task("W2 fan-out", total=2 * size.rounds)
    results += await cases.fan_out(settings, size, lambda: progress.advance(task))
    task = progress.add_task("W1 forms", total=size.rounds)
    results += await forms.forms(settings, size.rounds, lambda: progress.advance(task))
    return results, await facts(settings)


async def only_logs(
    settings: Settings, progress: Progress, *, full: bool
) -> tuple[list[Result], dict[str, Any]]:
    """Run W11 alone: no form and no message has a part in it."""
    rounds = (cases.FULL if full else cases.SMOKE).rounds
    task = progress.add_task("W11 logs", total=rounds)
    results = await logs.log_ingestion(settings, rounds, lambda: progress.advance(task))
    return results, await facts(settings)


def main() -> int:
    """Measure; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more and longer rounds, and memory")
    parser.add_argument("--logs", action="store_true", help="W11 alone: an access log taken in")
    chosen = parser.parse_args()
    full: bool = chosen.full
    measuring = only_logs if chosen.logs else measure
    console = Console(stderr=True, highlight=False)
    settings = settings_of_its_own(STATE)
    if held(settings.state):
        sys.stderr.write("A measurement runs already: wait for its end, or stop it.\n")
        return 1
    remove_state(settings.state)
    band = (cases.FULL if full else cases.SMOKE).band
    found: list[tuple[list[Result], dict[str, Any]]] = []
    began = time.monotonic()
    try:
        with (
            stop_on_signals(),
            system(settings, run, Terminal(console), children=lambda *_: []),
            shown(console) as progress,
        ):

            async def collect() -> None:
                found.append(await measuring(settings, progress, full=full))

            run_on_uvloop(collect())  # the loop of our workers, for the limit too
    except (StackError, SettingsError, TimeoutError, ChildProcessError) as error:
        sys.stderr.write(f"The measurement failed: {error or type(error).__name__}\n")
        sys.stderr.write(f"Everything it wrote is kept; the logs are in {settings.state}/logs.\n")
        return 1
    ((results, about),) = found
    remove_state(settings.state)
    print(report.table(results, band))
    print("\n" + ", ".join(f"{name} {value}" for name, value in about.items()))
    path = report.keep(report.as_lines(results, about, band))
    console.print(f"{time.monotonic() - began:.0f} s; the lines are in {path}", soft_wrap=True)
    return 1 if failed(results, band) else 0


if __name__ == "__main__":
    sys.exit(main())
