"""`make demo`: a system of its own, the story, and exit code 0 only if all of it held."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console

from demo.checks import DoesNotHold
from demo.person import NoForm
from demo.story import Told, tell
from services import registry
from services.cli import run
from services.operate import AsJson, remove_state
from services.up import TEND_S, as_environment, settings_of_its_own, system
from shared.settings import SettingsError
from shared.stack.display import Terminal
from shared.stack.errors import StackError
from shared.stack.instance import held
from shared.stack.signals import stop_on_signals
from shared.stack.supervisor import Supervisor

STATE = Path(".expunge") / "demo"
# One of the trackers of the register; the browser of the story runs no script, so nothing is asked.
TRACKERS = {"clarity": "demo"}
T = TypeVar("T")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def databases() -> list[str]:
    """Name every database of the installation, verifiers' included."""
    slices = [f"{name}_verifier" for name in registry.participants()]
    return [*(service.name for service in registry.with_database()), *slices]


async def _tended(supervisor: Supervisor, story: Coroutine[None, None, T]) -> T:
    """Tell the story while crashed children are started again."""

    async def tend() -> None:
        while True:
            supervisor.tend()
            await asyncio.sleep(TEND_S)

    tending = asyncio.create_task(tend())
    try:
        return await story
    finally:
        tending.cancel()


@app.command()
def demo(*, as_json: AsJson = False) -> None:
    """Tell the whole story on a system of its own; exit code 0 only if all of it held."""
    console = Console(highlight=False, stderr=as_json)
    settings = settings_of_its_own(STATE)
    if held(settings.state):
        sys.stderr.write("A demo runs already: wait for its end, or stop it.\n")
        raise typer.Exit(1)
    os.environ["EXPUNGE_TRACKERS"] = json.dumps(TRACKERS)
    remove_state(settings.state)
    began = time.monotonic()
    try:
        with stop_on_signals(), system(settings, run, Terminal(console)) as supervisor:
            ready = time.monotonic() - began
            console.print(f"The system is ready after {ready:.1f} s.")
            environment = {**os.environ, **as_environment(settings)}
            story = tell(settings, databases(), environment, console)
            told = asyncio.run(_tended(supervisor, story))
    except (DoesNotHold, NoForm, TimeoutError, StackError, SettingsError) as error:
        sys.stderr.write(f"The demo failed: {error}\n")
        sys.stderr.write(f"Everything it wrote is kept; the logs are in {settings.state}/logs.\n")
        if as_json:
            _print({"held": False, "problem": str(error)})
        raise typer.Exit(1) from None
    remove_state(settings.state)
    console.print(f"The whole took {time.monotonic() - began:.0f} s.", style="dim")
    if as_json:
        _print(_plain(told, ready))


def _plain(told: Told, ready: float) -> dict[str, Any]:
    return {
        "held": True,
        "ready_seconds": round(ready, 1),
        "certificate_seconds": told.seconds,
        "checks": [{"what": one.what, "seen": one.seen} for one in told.checks.made],
    }


def _print(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    app()
