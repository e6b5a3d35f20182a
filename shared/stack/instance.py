"""One instance per state folder: a lock that dies with its holders, and what it runs.

The lock is an open file description shared with the watchers of the children, so it is free only
when the last child of a killed supervisor has ended; no stale pid file can lie about it.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.stack.errors import AnotherInstance

LAST_CHILDREN_S = 30.0  # what the children of a killed supervisor may take to end
POLL_S = 0.05


@dataclass
class Instance:
    """The held lock of a state folder, and what `status` may know about its holder."""

    state: Path
    descriptor: int
    facts: dict[str, Any] = field(default_factory=dict)

    def record(self, **facts: Any) -> None:
        """Add facts to `<state>/run.json`, in one step."""
        self.facts |= facts
        _write(self.state, self.facts)


@contextlib.contextmanager
def only_instance(state: Path) -> Iterator[Instance]:
    """Hold the state folder; wait for the last children of a killed predecessor.

    Raises AnotherInstance with a sentence if a living supervisor holds it.
    """
    state.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(state, descriptor)
        instance = Instance(state, descriptor)
        instance.record(pid=os.getpid(), children={})
        try:
            yield instance
        finally:
            (state / "run.json").unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _lock(state: Path, descriptor: int) -> None:
    until = time.monotonic() + LAST_CHILDREN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = running(state).get("pid")
            if time.monotonic() > until or (pid is not None and _alive(int(pid))):
                msg = (
                    f"Another instance (process {pid}) runs in {state}: stop it with "
                    "`expunge down`, or choose another folder with EXPUNGE_STATE."
                )
                raise AnotherInstance(msg) from None
            time.sleep(POLL_S)
        else:
            return


def held(state: Path) -> bool:
    """Tell whether an instance, or the last child of one, still runs in the folder."""
    try:
        descriptor = os.open(state / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def running(state: Path) -> dict[str, Any]:
    """Return what the last supervisor of the folder recorded; empty if nothing."""
    try:
        found: dict[str, Any] = json.loads((state / "run.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def _write(state: Path, content: Mapping[str, Any]) -> None:
    fresh = state / "run.json.new"
    fresh.write_text(json.dumps(content))
    fresh.replace(state / "run.json")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
