"""Real processes for the tests that need not import everything anew.

An interpreter imports for two seconds before it does what it was started for, and the tests start
far more than a hundred. So one process for each run of the tests imports it all once
(tests/forking.py), and forks whenever a test wants a process. A fork is a process like any other:
it has its own id, environment, files and connections, it can be stopped, frozen and killed, and
it ends with the code of its own. Nothing may be computed from the environment at import for that;
`test_nothing_is_read_from_the_environment_at_import` (tests/shared/test_processes.py) sees to it.

What stays real are fresh interpreters, `python -m services.cli`: the installation of
tests/kill/test_power_cut.py, one of each kind in tests/shared/test_processes.py, all of tests/stack
and tests/demo.
"""

import asyncio
import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any, Final, Protocol

from tests.forking import HEAD, NUMBER

OURS: Final = "services.cli"
ROOT: Final = Path(__file__).parents[1]
PATIENCE_S: Final = 60.0
Stream = int | IO[Any] | None


class ServerDied(Exception):  # noqa: N818
    """The process that forks for the tests is gone: what it said stands in the test's output."""


class Process(Protocol):
    """What a test does with a process: a fork and a fresh interpreter have it."""

    pid: int
    returncode: Any

    def poll(self) -> int | None:
        """Give the exit code if it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal if it has not ended."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """Kill it."""


class Fork:
    """A forked process, with the part of subprocess.Popen that the tests use."""

    def __init__(self, report: int, words: Sequence[str]) -> None:
        """Take the pipe on which the server tells its process id and later its exit code."""
        self._report = report
        self._words = words
        self.returncode: int | None = None
        self.pid = self._told(PATIENCE_S)

    def _told(self, timeout: float | None) -> int:
        poll = select.poll()
        poll.register(self._report, select.POLLIN)
        if not poll.poll(None if timeout is None else timeout * 1_000):
            raise subprocess.TimeoutExpired(list(self._words), timeout or 0)
        number = os.read(self._report, NUMBER.size)
        if not number:
            raise ServerDied
        found: int = NUMBER.unpack(number)[0]
        return found

    def poll(self) -> int | None:
        """Give the exit code if it has ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self.returncode = self._told(timeout)
            os.close(self._report)
        return self.returncode

    def send_signal(self, number: int, /) -> None:
        """Send a signal if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


class _Server:
    """The process that forks; it ends with this one, however this one ends."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._asks, self._turn = ours, threading.Lock()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                (sys.executable, "-m", "tests.forking", str(theirs.fileno())),
                cwd=ROOT,
                env={k: v for k, v in os.environ.items() if not k.startswith("EXPUNGE_")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        atexit.register(self.close)

    def fork(self, request: Mapping[str, Any], streams: Sequence[int]) -> Fork:
        """Have a process forked that does what is requested with these streams."""
        told = json.dumps(request).encode()
        report, theirs = os.pipe()
        try:
            with self._turn:
                socket.send_fds(self._asks, [HEAD.pack(len(told))], [*streams, theirs])
                self._asks.sendall(told)
        except BrokenPipeError:
            raise ServerDied from None
        finally:
            os.close(theirs)
        return Fork(report, request["words"])

    def close(self) -> None:
        """End it, and with it whatever it forked that still runs."""
        self._asks.close()
        self._process.wait(PATIENCE_S)


_server = cache(_Server)


def fork(
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    module: str = OURS,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
) -> Fork:
    """Start what `python -m MODULE WORDS` would start, without its imports."""
    request = {
        "words": [module, *words],
        "environment": dict(environment),
        "folder": str(Path.cwd()),
    }
    with contextlib.ExitStack() as opened:
        streams: list[int] = []
        for own, stream in enumerate((stdin, stdout, stderr)):
            if stream == subprocess.DEVNULL:
                streams.append(opened.enter_context(Path(os.devnull).open("r+b")).fileno())
            elif stream == subprocess.STDOUT:
                streams.append(streams[1])
            elif stream is None or isinstance(stream, int):
                streams.append(own if stream is None else stream)
            else:
                streams.append(stream.fileno())
        return _server().fork(request, streams)


def fresh(
    words: Sequence[str], environment: Mapping[str, str], *, stdout: Stream, stderr: Stream
) -> Process:
    """Start a fresh interpreter with one of our commands, as an operator does."""
    return subprocess.Popen(  # noqa: S603 - our own command
        (sys.executable, "-m", OURS, *words),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    error: str


async def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    module: str = OURS,
    typed: str = "",
    together: bool = False,
) -> Ended:
    """Run a command to its end; `together`: both streams in the order in which they were written.

    Its streams are files: however much it says, it waits for nobody to read it.
    """
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as error,
    ):
        given.write(typed.encode())
        given.seek(0)
        second = subprocess.STDOUT if together else error
        process = fork(words, environment, module=module, stdin=given, stdout=out, stderr=second)
        code = await ended(process)
        out.seek(0)
        error.seek(0)
        return Ended(code, out.read().decode(), error.read().decode())


async def ended(process: Process, timeout: float = PATIENCE_S) -> int:  # noqa: ASYNC109
    """Wait for the end of a process; one that does not come to its end is killed."""
    try:
        return await asyncio.to_thread(process.wait, timeout)
    finally:
        if process.returncode is None:
            process.kill()
