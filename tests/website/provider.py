"""A real HTTP server in the place of a tracker's provider: its deletion interface and its pixel."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Provider:
    """What was asked, and what is answered: status and JSON."""

    url: str
    status: int = 200
    body: Any = None
    asked: list[tuple[str, str, Any, dict[str, str]]] = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve on a free port of this machine until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    made = Provider(f"http://127.0.0.1:{server.server_address[1]}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            self._answer(json.loads(self.rfile.read(length)))

        def _answer(self, sent: Any) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append((self.command, self.path, sent, headers))
            content = json.dumps(made.body).encode()
            self.send_response(made.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            made.heard.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
