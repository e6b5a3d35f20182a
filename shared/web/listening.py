"""Two listeners of one process: uvicorn with time and size limits before the first byte counts."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from importlib import import_module
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.web.configuration import WebSettings

MAX_HEADER_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_CONNECTIONS = 1000
KEEP_ALIVE_SECONDS = 5
STOP_SECONDS = 10
BACKLOG = 512
TOO_LARGE = 431  # RFC 6585 section 5
SENTENCES = {
    400: "This request could not be read. Send it again.\n"
    "Diese Anfrage war nicht lesbar. Senden Sie sie noch einmal.\n",
    408: "The request took too long to arrive. Send it again.\n"
    "Die Anfrage kam zu langsam an. Senden Sie sie noch einmal.\n",
    TOO_LARGE: "The headers of this request are too large. Remove cookies and send it again.\n"
    "Die Kopfzeilen dieser Anfrage sind zu lang. Entfernen Sie Cookies und senden Sie noch einmal."
    "\n",
}


class PortTaken(Exception):  # noqa: N818
    """Another program listens on this port. Stop it, or choose another port."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline and a size for headers, which it does not have itself."""

    header_seconds = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin without a request."""
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._refused = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first request's headers."""
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start the clock again when a next request begins on a kept connection."""
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._arm()
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Count the headers of each request for itself."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the request line with the headers."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Refuse headers that are too long or too many."""
        self._count(len(name) + len(value))
        if len(self.headers) >= MAX_HEADERS:
            self._too_large()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the clock: from here the gate's limits hold."""
        self._disarm()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a sentence in both languages."""
        del msg
        self._close_with(self._refused)

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MAX_HEADER_BYTES:
            self._too_large()

    def _too_large(self) -> None:
        self._refused = TOO_LARGE
        raise ValueError  # ends the parser, which calls send_400_response

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(self.header_seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._close_with(408)

    def _close_with(self, status: int) -> None:
        body = SENTENCES[status].encode()
        head = (
            b"content-type: text/plain; charset=utf-8\r\n"
            b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """A server that leaves the signals to its process and says when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def listening(app: ASGIApp, bind: str, configuration: WebSettings) -> AsyncIterator[int]:
    """Serve an app on `host:port` while the block runs; gives the port (for `host:0`).

    Leaving the block stops accepting, lets running requests end within STOP_SECONDS, and closes.
    Raises PortTaken.
    """
    protocol = type(
        "Protocol", (GuardedProtocol,), {"header_seconds": configuration.header_seconds}
    )
    server = _Server(
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="critical",  # it would log texts of errors; the gate logs their classes
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
    with _bind(bind) as listener:
        port: int = listener.getsockname()[1]
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(server.serve(sockets=[listener]))
            running.add_done_callback(lambda _: server.up.set())
            try:
                await server.up.wait()
                yield port
            finally:
                server.should_exit = True


def run_on_uvloop(main: Coroutine[Any, Any, None]) -> None:
    """Run a process on uvloop, or on asyncio's own loop where there is none (Windows)."""
    uvloop = None if sys.platform == "win32" else import_module("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if uvloop else None) as runner:
        runner.run(main)


def _bind(bind: str) -> socket.socket:
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except OSError:
        raise PortTaken from None
