"""Children are started, watched, started again, and end with their supervisor however it ends."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from shared.stack.embedded import supervised
from shared.stack.errors import AnotherInstance, NotReady, StackError
from shared.stack.instance import held
from shared.stack.ports import LOOPBACK, accepts, free_ports, require_free
from shared.stack.supervisor import RESTARTS, Child, Supervisor

SLEEPER = "import time; print('awake', flush=True); time.sleep(1000)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {0!r}]); {0}"
WITHIN_S = 30.0
SUPERVISOR = """
import sys
from pathlib import Path
from shared.stack.embedded import supervised
from shared.stack.supervisor import Child
with supervised(Path(sys.argv[1])) as supervisor:
    for number in range(2):
        supervisor.start(Child(f"child{number}", [sys.executable, "-c", sys.argv[2]], grace_s=1))
    print("started", flush=True)
    sys.stdin.read()
"""


class Said(list[str]):
    """A display that remembers sentences."""

    def say(self, sentence: str) -> None:
        self.append(sentence)

    def step(self, name: str) -> contextlib.AbstractContextManager[None]:
        del name
        return contextlib.nullcontext()

    def progress(self, name: str, done: int, of: int) -> None:
        del name, done, of


def python(code: str, name: str = "child", **more: object) -> Child:
    return Child(name, [sys.executable, "-c", code], **more)  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def tend_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    def tended() -> bool:
        supervisor.tend()
        return condition()

    eventually(tended)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def supervisor(tmp_path: Path, said: Said) -> Iterator[Supervisor]:
    with supervised(tmp_path / "state", said) as running:
        yield running


def awake(supervisor: Supervisor, name: str = "child") -> bool:
    return "awake" in (supervisor.logs / f"{name}.log").read_text()


def test_a_child_writes_to_its_log(supervisor: Supervisor) -> None:
    supervisor.start(python(SLEEPER, ready=lambda: awake(supervisor)))

    assert (supervisor.logs / "child.log").read_text() == "awake\n"


def test_a_crashed_child_is_started_again_and_it_is_said(
    supervisor: Supervisor, said: Said
) -> None:
    supervisor.start(python(SLEEPER, ready=lambda: awake(supervisor)))
    first = supervisor.pid_of("child")

    supervisor.kill_child("child")
    tend_until(supervisor, lambda: supervisor.restarts_of("child") == 1)

    assert supervisor.pid_of("child") != first
    assert said[0].startswith("child ended with code 137; starting it again")


def test_a_child_that_crashes_again_and_again_is_given_up_with_its_last_words(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stack.supervisor.BACK_OFF_S", 0.001)
    supervisor.start(python("print('no disk'); raise SystemExit(3)"), wait=False)

    with pytest.raises(StackError, match=rf"(?s)crashed {RESTARTS + 1} times.*no disk"):
        tend_until(supervisor, lambda: False)


def test_a_child_that_ends_before_it_is_ready_is_quoted(supervisor: Supervisor) -> None:
    broken = python("print('cannot bind'); raise SystemExit(1)", ready=lambda: False)

    with pytest.raises(NotReady, match=r"(?s)ended before it was ready.*cannot bind"):
        supervisor.start(broken)


def test_a_child_that_ignores_the_request_is_killed(supervisor: Supervisor) -> None:
    supervisor.start(python(STUBBORN, ready=lambda: awake(supervisor), grace_s=1))

    assert supervisor.stop_child("child") == 128 + signal.SIGKILL


def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit())\n"
        "print('awake', flush=True)\n"
        "try: time.sleep(1000)\n"
        f"finally: open({str(ends)!r}, 'a').write('{{}} ')"
    )
    with supervised(tmp_path / "state") as supervisor:
        for name in ("first", "second", "third"):
            child = python(code.format(name), name, ready=lambda name=name: awake(supervisor, name))
            supervisor.start(child)

    assert ends.read_text() == "third second first "


@pytest.mark.parametrize("code", [SLEEPER, STUBBORN, PARENT.format(SLEEPER)])
@pytest.mark.kill
def test_no_orphan_is_left_when_the_supervisor_is_killed(tmp_path: Path, code: str) -> None:
    with _supervisor_process(tmp_path, code) as process:
        family = psutil.Process(process.pid).children(recursive=True)

        process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(family, timeout=WITHIN_S)

    assert len(family) >= 4
    assert alive == []
    assert not held(tmp_path)


@pytest.mark.kill
@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux")
def test_a_child_ends_when_its_watcher_is_killed(supervisor: Supervisor) -> None:
    supervisor.start(python(SLEEPER, ready=lambda: awake(supervisor), restart=False))
    child = psutil.Process(supervisor.pid_of("child"))
    watcher = child.parent()
    assert watcher is not None

    watcher.kill()

    assert psutil.wait_procs([child], timeout=WITHIN_S)[1] == []


def test_a_second_instance_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with supervised(tmp_path), pytest.raises(AnotherInstance, match="expunge down"):  # noqa: SIM117
        with supervised(tmp_path):
            pass


@pytest.mark.kill
def test_a_new_instance_waits_for_the_last_children_of_a_killed_one(tmp_path: Path) -> None:
    with _supervisor_process(tmp_path, SLEEPER) as process:
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()

        with supervised(tmp_path):
            assert [one for one in family if _runs(one)] == []


def test_a_taken_port_is_named_with_the_setting_that_changes_it() -> None:
    (port,) = free_ports(1)
    with socket.create_server((LOOPBACK, port)), pytest.raises(StackError) as refused:
        require_free(port, "Kafka", "EXPUNGE_KAFKA")

    assert str(port) in str(refused.value)
    assert "EXPUNGE_KAFKA" in str(refused.value)
    assert not accepts(port)


def _runs(process: psutil.Process) -> bool:
    """Tell whether it does anything; a zombie only waits for an init that collects it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


@contextlib.contextmanager
def _supervisor_process(state: Path, code: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a supervisor with two children in a process of its own; kill it at the latest here."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SUPERVISOR, str(state), code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        eventually(lambda: len(list((state / "logs").glob("*.log"))) == 2)
        logs = list((state / "logs").glob("*.log"))
        eventually(lambda: all("awake" in log.read_text() for log in logs))
        yield process
    finally:
        process.kill()
        process.communicate()
