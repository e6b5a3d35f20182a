"""A fork is a process like a fresh interpreter; both are started here, one of each kind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.stack import Stack
from tests.conftest import fresh_settings
from tests.installation import Installation, eventually
from tests.processes import OURS, ROOT, ended, fork, run

# Prints which of our variables somebody asked for while everything was imported.
READ = """
import os
asked = set()
class Watched(dict):
    def __getitem__(self, key):
        asked.add(os.fsdecode(key))
        return super().__getitem__(key)
os.environ._data = Watched(os.environ._data)
from services import cli
cli.run(())
print(*sorted(one for one in asked if one.startswith("EXPUNGE_")))
"""

SLUMBER = "tests.slumber"
# Forks a process, says who it and its server are, and is killed.
DIES = f"""
import os, signal
from tests import processes
forked = processes.fork((), os.environ, module="{SLUMBER}")
print(processes._server()._process.pid, forked.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


async def _is(pid: int, state: str) -> bool:
    """Say if a process is in this state; Z: it has ended, also if nobody has asked how."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == state  # noqa: ASYNC240 - not a disk
    except FileNotFoundError:
        return state == "Z"


def _without_places(said: str) -> list[str]:
    """Leave out of a traceback who called whom: a fork was also called by its server."""
    return [line for line in said.splitlines() if not line.startswith("  ")]


async def test_each_kind_of_process_starts_on_an_interpreter_of_its_own(stack: Stack) -> None:
    made = await Installation.make(stack, fresh_settings(stack))
    made.anew = True
    made.start()
    try:
        await made.ready()
        command = subprocess.run(  # noqa: S603, ASYNC221 - our own command
            (sys.executable, "-m", OURS, "audit", "replay", "--json"),
            env=made.environment, capture_output=True, check=True,
        )  # fmt: skip
    finally:
        made.stop()

    assert json.loads(command.stdout)["findings"]["total"] == 0
    assert {one.returncode for one in made.processes.values()} == {0}


def test_nothing_is_read_from_the_environment_at_import() -> None:
    asked = subprocess.run(  # noqa: S603 - our own interpreter
        (sys.executable, "-c", READ), cwd=ROOT, capture_output=True, check=True, text=True
    )

    assert asked.stdout.split() == []


@pytest.mark.parametrize("words", [("policy", "--json"), ("work",), ("work", "nobody")])
async def test_a_fork_says_and_ends_as_a_fresh_interpreter_does(words: tuple[str, ...]) -> None:
    environment = {**os.environ, "EXPUNGE_STATE": "/nowhere"}

    forked = await run(words, environment)
    started = subprocess.run(  # noqa: S603, ASYNC221 - our own command
        (sys.executable, "-m", OURS, *words),
        env=environment, capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert forked.out == started.stdout
    assert _without_places(forked.error) == _without_places(started.stderr)
    assert forked.code == started.returncode


async def test_a_fork_is_frozen_ended_and_killed_like_any_process(
    environment: dict[str, str],
) -> None:
    frozen, killed = (fork((), environment, module=SLUMBER) for _ in range(2))
    with pytest.raises(subprocess.TimeoutExpired):
        frozen.wait(0.01)

    frozen.send_signal(signal.SIGSTOP)
    await eventually(lambda: _is(frozen.pid, "T"), "it stands still")
    frozen.send_signal(signal.SIGCONT)
    frozen.terminate()
    killed.kill()

    assert await ended(frozen) == -signal.SIGTERM
    assert await ended(killed) == -signal.SIGKILL
    assert frozen.poll() == -signal.SIGTERM
    killed.kill()  # it has ended: nobody else is killed who has got its number


async def test_forks_end_with_who_asked_for_them() -> None:
    asked = subprocess.run(  # noqa: S603, ASYNC221 - our own interpreter
        (sys.executable, "-c", DIES), cwd=ROOT, capture_output=True, check=False, text=True
    )

    assert asked.returncode == -signal.SIGKILL
    for pid in map(int, asked.stdout.split()):
        await eventually(lambda pid=pid: _is(pid, "Z"), "server and fork have ended")
