"""The process that forks others for the tests (tests/processes.py): `python -m tests.forking FD`.

It has imported what our commands import, has one thread, and has opened nothing but the socket
it listens on. A child leaves the loop below and becomes what it was asked to be: everything after
that, up to how an uncaught error ends it, is done by the interpreter as after `python -m`.
"""

import contextlib
import gc
import json
import os
import random
import runpy
import select
import signal
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

from services import cli

HEAD: Final = struct.Struct("!I")  # how long the request is
NUMBER: Final = struct.Struct("!i")  # a process id, then an exit code: negative for a signal
PASSED: Final = 4  # standard input, output and error, and the pipe on which we report


@dataclass
class Server:
    """A socket to listen on, a pipe that says that a child has ended, and the children."""

    asked: socket.socket
    ended: int
    signalled: int
    reports: dict[int, int]  # by process: where its end is to be told

    def until_forked(self) -> dict[str, Any] | None:
        """Serve; returns its request in each child, and nothing when nobody asks any more."""
        poll = select.poll()
        for one in (self.asked.fileno(), self.ended):
            poll.register(one, select.POLLIN)
        while True:
            ready = {number for number, _ in poll.poll()}
            if self.ended in ready:
                self._report()
            if self.asked.fileno() in ready:
                head, passed, _, _ = socket.recv_fds(self.asked, HEAD.size, PASSED)
                if not head:
                    self._end()
                    return None
                request = self._read(HEAD.unpack(head)[0])
                pid = os.fork()
                if not pid:
                    self._leave(request, passed)
                    return request
                self._remember(pid, passed)

    def _read(self, size: int) -> dict[str, Any]:
        told = self.asked.recv(size, socket.MSG_WAITALL)
        request: dict[str, Any] = json.loads(told)
        return request

    def _remember(self, pid: int, passed: list[int]) -> None:
        *streams, report = passed
        for one in streams:
            os.close(one)
        self.reports[pid] = report
        _tell(report, pid)

    def _report(self) -> None:
        """Tell of each child that has ended how it did."""
        os.read(self.ended, 1_000)
        while self.reports:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            report = self.reports.pop(pid)
            _tell(report, os.waitstatus_to_exitcode(status))
            os.close(report)

    def _end(self) -> None:
        """Leave nobody behind: who asked for these processes is gone."""
        for pid in self.reports:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _leave(self, request: dict[str, Any], passed: list[int]) -> None:
        """Keep nothing of the server: signals, files, environment, folder, random numbers."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.asked.detach()  # or its end would close a file of the child that has its number
        for stream, one in enumerate(passed[:-1]):
            os.dup2(one, stream)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        random.seed()


def _tell(report: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # who asked need not wait for the end
        os.write(report, NUMBER.pack(number))


def main() -> None:
    """Load, serve, and in a child be what it was asked to be."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    cli.run(())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the end of the socket ends it, and its children
    ended, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()
    request = Server(asked, ended, signalled, {}).until_forked()
    if request is not None:
        module, *sys.argv[1:] = request["words"]
        sys.modules.pop(module, None)  # what a process is starts anew; what it imports is there
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
