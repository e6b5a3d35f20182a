"""Waking the relay: at once from its own process, by a datagram from another one, else by polling.

A commit in the web process cannot set an event in the worker; `NOTIFY` in the request's
transaction would serialise all commits. So the web process sends an empty datagram to a socket
file after the commit. It is a courtesy: nothing is lost without it, the relay polls anyway.
"""

import asyncio
import contextlib
import socket
import weakref
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from shared.settings import Settings

MAX_PATH_BYTES: Final = 100  # sun_path holds 108 on Linux, 104 on macOS
_HAS_SOCKET_FILES: Final = hasattr(socket, "AF_UNIX")


def socket_path(settings: Settings, service: str) -> Path | None:
    """Where the relay of a service listens, or None where that is not possible."""
    name = sha256(settings.database(service).encode()).hexdigest()[:16]
    path = settings.state.absolute() / "wake" / name
    return path if _HAS_SOCKET_FILES and len(bytes(path)) <= MAX_PATH_BYTES else None


class Wake:
    """An event that other processes can set. `event` may be shared with `Database`s in here."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    async def wait(self, timeout_s: float) -> bool:
        """Return True when woken, False after `timeout_s`; a wake-up is used up by returning."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.event.wait()
        woken = self.event.is_set()
        self.event.clear()
        return woken

    @contextlib.contextmanager
    def listen(self, settings: Settings, service: str) -> Iterator[None]:
        """Set the event whenever a datagram arrives, as long as the block runs."""
        path = socket_path(settings, service)
        receiver = None if path is None else _bind(path)
        if receiver is None or path is None:
            yield
            return
        loop = asyncio.get_running_loop()

        def arrived() -> None:
            with contextlib.suppress(OSError):
                while receiver.recv(16):
                    pass
            self.event.set()

        loop.add_reader(receiver, arrived)
        try:
            yield
        finally:
            loop.remove_reader(receiver)
            receiver.close()
            path.unlink(missing_ok=True)


def _bind(path: Path) -> socket.socket | None:
    """Open the socket file; None where the file system has none to give."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.settimeout(0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        receiver.bind(str(path))
    except OSError:
        receiver.close()
        return None
    return receiver


class WakeElsewhere(asyncio.Event):
    """Takes the place of `Database.outbox_written` in a process that relays nothing itself.

    Setting it sends one datagram to the relay's process, if anybody listens there.
    """

    def __init__(self, settings: Settings, service: str) -> None:
        super().__init__()
        self._path = socket_path(settings, service)
        self._sender = (
            None if self._path is None else socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        )
        if self._sender is not None:
            self._sender.settimeout(0)
            weakref.finalize(self, self._sender.close)

    def set(self) -> None:
        """Wake the relay; nobody waits here."""
        if self._sender is not None:
            with contextlib.suppress(OSError):
                self._sender.sendto(b"1", str(self._path))
