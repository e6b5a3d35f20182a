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
from services.up import TEND_S, as_environment, system
from shared.settings import Settings, SettingsError
from shared.stack.display import Terminal
from shared.stack.errors import StackError
from shared.stack.instance import held
from shared.stack.ports import LOOPBACK, free_ports
from shared.stack.signals import stop_on_signals
from shared.stack.supervisor import Supervisor

STATE = Path(".expunge") / "demo"


def settings_for_demo() -> Settings:
    """Give a state folder and ports of its own, whatever else runs; nothing is inherited."""
    public, internal, postgres, kafka, controller, smtp = free_ports(6)
    for name in [name for name in os.environ if name.startswith("EXPUNGE_")]:
        if name != "EXPUNGE_CACHE":
            del os.environ[name]
    os.environ["EXPUNGE_KAFKA_CONTROLLER_PORT"] = str(controller)
    return Settings(
        state=STATE.absolute(),
        postgres=f"{LOOPBACK}:{postgres}",
        kafka=f"{LOOPBACK}:{kafka}",
        smtp=f"{LOOPBACK}:{smtp}",
        bind=f"{LOOPBACK}:{public}",
        internal_bind=f"{LOOPBACK}:{internal}",
        public_url=f"http://localhost:{public}",
        internal_url=f"http://{LOOPBACK}:{internal}",
        development=True,
    )


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
    settings = settings_for_demo()
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
