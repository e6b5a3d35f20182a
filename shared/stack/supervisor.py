"""Start children in order, watch them, start them again after a crash, stop them in reverse.

Each child runs under `watcher.py`, so it ends with this process however this process ends. Output
goes to `<state>/logs/<name>.log`. `Supervisor` is synchronous and single-threaded on purpose:
`up` calls `tend()` in a loop, tests start and stop single children.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.stack.errors import NotReady, StackError
from shared.stack.instance import Instance

WATCHER = Path(__file__).with_name("watcher.py")
READY_POLL_S = 0.02
SPAWN_WITHIN_S = 10.0
RESTARTS = 5  # within RESTART_WINDOW_S, then we give up: something is really broken
RESTART_WINDOW_S = 60.0
BACK_OFF_S = 0.25  # doubles with each crash within the window
LAST_LINES = 5


@dataclass(frozen=True)
class Child:
    """A program to keep running.

    `ready` is asked until it says yes; `restart` is false for children of tests that expect a
    death. `user` is the (uid, gid) to run as, only used when we are root.
    """

    name: str
    argv: Sequence[str | Path]
    ready: Callable[[], bool] = lambda: True
    env: Mapping[str, str] = field(default_factory=dict)
    ready_within_s: float = 120.0
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: int = 10
    user: tuple[int, int] | None = None
    cwd: Path = Path("/")
    ports: tuple[int, ...] = ()
    restart: bool = True
    stopped: Callable[[], None] | None = None  # called after a clean stop


@dataclass
class _Running:
    """A child as it runs now."""

    child: Child
    process: subprocess.Popen[bytes]
    crashes: list[float] = field(default_factory=list)
    restarts: int = 0
    again_at: float | None = None


class Supervisor:
    """Children of one state folder; a context manager that stops them all at the end."""

    def __init__(
        self, state: Path, instance: Instance, say: Callable[[str], None] | None = None
    ) -> None:
        """Take the state folder, its held lock, and where sentences for people go."""
        self.state = state
        self.logs = state / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._instance = instance
        self._say = say or (lambda _: None)
        self._children: dict[str, _Running] = {}
        self._pipe, self._life = os.pipe()  # nobody else holds the second end

    def __enter__(self) -> Self:
        """Nothing to do: children are started one by one."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.stop()

    def start(self, child: Child, *, wait: bool = True) -> None:
        """Start a child and, unless told otherwise, wait until it is ready (NotReady if not)."""
        self._children[child.name] = _Running(child, self._spawn(child))
        self._record()
        if wait:
            self.wait_ready(child.name)

    def wait_ready(self, name: str) -> None:
        """Wait until the child says it is ready.

        Raises NotReady with its last words if it ends or takes longer than it may.
        """
        running = self._children[name]
        until = time.monotonic() + running.child.ready_within_s
        while not running.child.ready():
            if running.process.poll() is not None:
                raise NotReady(self._sentence(running, "ended before it was ready"))
            if time.monotonic() > until:
                raise NotReady(self._sentence(running, "did not become ready in time"))
            time.sleep(READY_POLL_S)

    def tend(self) -> None:
        """Start crashed children again; raise StackError when one crashes too often."""
        now = time.monotonic()
        for running in self._children.values():
            if running.process.poll() is None or not running.child.restart:
                continue
            if running.again_at is None:
                self._note_crash(running, now)
            elif now >= running.again_at:
                running.again_at = None
                running.restarts += 1
                running.process = self._spawn(running.child)
                self._record()

    def stop_child(self, name: str) -> int:
        """Stop one child cleanly, forget it, and return its exit code."""
        running = self._children.pop(name)
        running.process.terminate()
        code = running.process.wait(running.child.grace_s + 5)
        if running.child.stopped is not None:
            running.child.stopped()
        self._record()
        return code

    def kill_child(self, name: str) -> None:
        """End one child by SIGKILL, as a crash would; `tend` starts it again."""
        os.kill(self.pid_of(name), signal.SIGKILL)
        self._children[name].process.wait(30)

    def pid_of(self, name: str) -> int:
        """Return the pid of the program itself, not of its watcher; waits until it runs."""
        import psutil  # noqa: PLC0415 (only tests and status need it)

        watcher = psutil.Process(self._children[name].process.pid)
        until = time.monotonic() + SPAWN_WITHIN_S
        while not (found := watcher.children()):
            if time.monotonic() > until:
                raise NotReady(self._sentence(self._children[name], "did not start"))
            time.sleep(READY_POLL_S)
        return int(found[0].pid)

    def restarts_of(self, name: str) -> int:
        """Return how often the child was started again."""
        return self._children[name].restarts

    def child(self, name: str) -> Child:
        """Return the description that a running child was started from."""
        return self._children[name].child

    def stop(self) -> None:
        """Stop all children, the last started first."""
        for name in reversed(list(self._children)):
            self.stop_child(name)
        for end in (self._pipe, self._life):
            if end >= 0:
                os.close(end)
        self._pipe = self._life = -1

    def note(self, **facts: object) -> None:
        """Write down more for `status`, such as the URL."""
        self._instance.record(**facts)

    def _spawn(self, child: Child) -> subprocess.Popen[bytes]:
        user, group = child.user or (-1, -1)
        argv = [sys.executable, "-S", "-E", WATCHER, self._pipe, int(child.stop_signal)]
        argv += [child.grace_s, user, group, "--", *child.argv]
        with (self.logs / f"{child.name}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 (our own children)
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=child.cwd,
                env={**os.environ, **child.env},
                pass_fds=(self._pipe, self._instance.descriptor),
                start_new_session=True,  # Ctrl-C is for us; we stop the children in order
            )

    def _note_crash(self, running: _Running, now: float) -> None:
        """Decide when to start the child again, or that it is hopeless."""
        running.crashes = [at for at in running.crashes if now - at < RESTART_WINDOW_S] + [now]
        if len(running.crashes) > RESTARTS:
            raise StackError(self._sentence(running, f"crashed {len(running.crashes)} times"))
        wait_s = BACK_OFF_S * 2 ** (len(running.crashes) - 1)
        running.again_at = now + wait_s
        code = running.process.returncode
        self._say(f"{running.child.name} ended with code {code}; starting it again in {wait_s} s")

    def _sentence(self, running: _Running, what: str) -> str:
        """Say what happened to a child, with its last lines and where the rest is."""
        log = self.logs / f"{running.child.name}.log"
        last = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"{running.child.name} {what}; its log is {log}:", *last])

    def _record(self) -> None:
        """Write down who runs, for `status`."""
        children = {
            name: {
                "pid": running.process.pid,
                "ports": list(running.child.ports),
                "restarts": running.restarts,
            }
            for name, running in self._children.items()
        }
        self._instance.record(children=children)
