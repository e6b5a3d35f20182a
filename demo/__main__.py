"""`make demo`: a system of its own, the story, and exit code 0 only if all of it held."""

import asyncio
import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path

from rich.console import Console

from demo.checks import DoesNotHold
from demo.story import tell
from services import registry
from services.cli import run
from services.operate import remove_state
from services.up import TEND_S, as_environment, settings_of_its_own, system
from shared.settings import SettingsError
from shared.stack.display import Terminal
from shared.stack.errors import StackError
from shared.stack.instance import held
from shared.stack.signals import stop_on_signals
from shared.stack.supervisor import Supervisor

STATE = Path(".expunge") / "demo"


def databases() -> list[str]:
    """Name every database of the installation, verifiers' included."""
    slices = [f"{name}_verifier" for name in registry.participants()]
    return [*(service.name for service in registry.with_database()), *slices]


async def _tended(supervisor: Supervisor, story: Coroutine[None, None, None]) -> None:
    """Tell the story while crashed children are started again."""

    async def tend() -> None:
        while True:
            supervisor.tend()
            await asyncio.sleep(TEND_S)

    tending = asyncio.create_task(tend())
    try:
        await story
    finally:
        tending.cancel()


def main() -> int:
    """Run the demo; gives the exit code."""
    console = Console(highlight=False)
    settings = settings_of_its_own(STATE)
    if held(settings.state):
        sys.stderr.write("A demo runs already: wait for its end, or stop it.\n")
        return 1
    remove_state(settings.state)
    began = time.monotonic()
    try:
        with stop_on_signals(), system(settings, run, Terminal(console)) as supervisor:
            console.print(f"The system is ready after {time.monotonic() - began:.1f} s.")
            environment = {**os.environ, **as_environment(settings)}
            asyncio.run(_tended(supervisor, tell(settings, databases(), environment, console)))
    except (DoesNotHold, TimeoutError, StackError, SettingsError) as error:
        sys.stderr.write(f"The demo failed: {error}\n")
        sys.stderr.write(f"Everything it wrote is kept; the logs are in {settings.state}/logs.\n")
        return 1
    remove_state(settings.state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
