"""Our real processes as `expunge up` runs them, started and stopped around the cases."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2

from services.up import as_environment
from shared.settings import Settings

SLICES = ("newsletter", "rights")  # measured; those that have nothing to do do not run either
COMMANDS = {
    "web": ("serve", *SLICES, "erasure"),
    "workers": ("work", *SLICES),
    "ledger": ("work", "erasure"),
    "verifiers": ("verify-slices", *SLICES),
}
READY_S = 60.0
STOP_S = 20.0
POLL_S = 0.02
STATUS_OK = 200


class Processes:
    """Processes by name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: tuple[str, ...], **more: str) -> None:
        """Start one of our commands; it logs to a file of its own."""
        self.start_module(name, "services.cli", *command, **more)

    def start_module(self, name: str, module: str, *words: str, **more: str) -> None:
        """Start a Python module; it logs to a file of its own."""
        log = Path(self._settings.state) / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        environment = {**os.environ, **as_environment(self._settings), **more}
        with log.open("ab") as stream:
            self._running[name] = subprocess.Popen(  # noqa: S603 - our own commands
                (sys.executable, "-m", module, *words),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

    def pid(self, name: str) -> int:
        """Return the process id."""
        return self._running[name].pid

    async def ready(self) -> None:
        """Wait until every service has caught up. Raises TimeoutError or ChildProcessError."""
        url = f"{self._settings.internal_url}/readyz"
        async with asyncio.timeout(READY_S), httpx2.AsyncClient(trust_env=False) as client:
            while True:
                self.alive()
                with contextlib.suppress(httpx2.TransportError):
                    if (await client.get(url)).status_code == STATUS_OK:
                        return
                await asyncio.sleep(POLL_S)

    def alive(self) -> None:
        """Raise ChildProcessError if one has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                message = f"{name} ended with {process.returncode}; see {self._settings.state}/logs"
                raise ChildProcessError(message)

    def stop(self) -> None:
        """End all of them."""
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


@contextlib.asynccontextmanager
async def whole_system(settings: Settings) -> AsyncIterator[Processes]:
    """Run what `expunge up` runs for the slices that are measured, from ready to stopped."""
    processes = Processes(settings)
    try:
        for name, command in COMMANDS.items():
            processes.start(name, command)
        await processes.ready()
        yield processes
    finally:
        processes.stop()
