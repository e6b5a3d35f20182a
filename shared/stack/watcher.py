"""Run one program and end it when the process that started us is gone, however it went.

    python watcher.py PIPE SIGNAL GRACE UID GID -- program arguments...

PIPE is the read end of a pipe whose write end only the supervisor holds: it closes even when the
supervisor dies by SIGKILL. Then, and on SIGTERM, the program gets SIGNAL, GRACE seconds, and
SIGKILL for its whole process group. On Linux the program also gets SIGNAL from the kernel should
we die ourselves (PR_SET_PDEATHSIG). Standard library only, so that it starts in milliseconds.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG = 1
HIGHEST_FD = 256
POLL_S = 0.5  # only a fallback: signals and the pipe wake us at once


def _become(user: int, group: int) -> None:
    """Give up root for good; -1 means stay who you are."""
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)


def _spawn(argv: list[str], stop_signal: int, user: int, group: int) -> int:
    """Fork and exec the program in a process group of its own; return its pid."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        os.closerange(3, HIGHEST_FD)  # the pipe and the instance's lock are ours, not the program's
        _become(user, group)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, stop_signal)
            if os.getppid() != parent:
                os._exit(1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(argv[0], argv)  # noqa: S606 (this is the one job of this file)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
    os._exit(127)


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _wake_on_signals() -> int:
    """Return a descriptor that becomes readable when SIGTERM, SIGINT or SIGCHLD arrive."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)

    def remember(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            os.write(writing, b"t")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, remember)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _ended(pid: int) -> int | None:
    """Return the exit code of the program, or None while it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return None if done == 0 else os.waitstatus_to_exitcode(status)


def _watch(pid: int, pipe: int, woken: int, stop_signal: int, grace_s: float) -> int:
    """Wait until the program has ended; ask it to, once, when the pipe closes or we are told."""
    asked_at: float | None = None
    watched = [pipe, woken]
    while (code := _ended(pid)) is None:
        readable, _, _ = select.select(watched, [], [], POLL_S)
        told = woken in readable and b"t" in os.read(woken, 512)
        orphaned = pipe in readable
        if orphaned:
            watched.remove(pipe)
        if (told or orphaned) and asked_at is None:
            asked_at = time.monotonic()
            _kill(pid, stop_signal)
        if asked_at is not None and time.monotonic() - asked_at > grace_s:
            _kill(-pid, signal.SIGKILL)
    return code


def main(arguments: list[str]) -> int:
    """Read the arguments, run, and answer with the program's exit code (128 + signal if killed)."""
    pipe, stop_signal, grace_s, user, group = (int(value) for value in arguments[:5])
    woken = _wake_on_signals()
    pid = _spawn(arguments[6:], stop_signal, user, group)
    code = _watch(pid, pipe, woken, stop_signal, float(grace_s))
    _kill(-pid, signal.SIGKILL)  # what it may have left behind in its group
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
