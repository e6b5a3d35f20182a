"""Ctrl-C and SIGTERM mean the same: stop cleanly, once."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Asked(BaseException):
    """Somebody asked this process to stop."""


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise Asked in the main thread at the first signal and ignore those that follow.

    The clean stop runs while `Asked` passes up, so a second, impatient Ctrl-C cannot break it.
    Leaves without an error when it was asked.
    """

    def ask(_number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise Asked

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        with contextlib.suppress(Asked):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
