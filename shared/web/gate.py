"""The one layer in front of every route: paths, sizes, times, ids, headers, logs, last errors."""

import secrets
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database import is_transient
from shared.errors import NotFound, Refused, Unavailable
from shared.logs import log
from shared.web.bodies import check_headers, read_body, replay
from shared.web.headers import security_headers
from shared.web.problems import Failed

MAX_RUNNING = 200  # nobody queues behind them: more are told to come back
PRIVATE_PATHS = ("/internal", "/desk", "/metrics")
DEVELOPMENT_PATH = "/dev"

Answer = Callable[[Request, type[Refused]], Response]


class AnswerBroken(Exception):  # noqa: N818
    """An answer failed after it had begun; the connection is closed."""


class Gate:
    """Refuses before routing what no route may see, and finishes every answer."""

    def __init__(
        self,
        app: ASGIApp,
        answer: Answer,
        *,
        public: bool,
        development: bool,
        https: bool,
        body_seconds: float,
    ) -> None:
        """Wrap an app; `answer` renders a refusal; `body_seconds` is for one whole body."""
        self.app = app
        self._answer = answer
        self._closed = PRIVATE_PATHS if development else (*PRIVATE_PATHS, DEVELOPMENT_PATH)
        self._public = public
        self._headers = security_headers(https=https)
        self._body_seconds = body_seconds
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; everything that is no HTTP request goes through (lifespan)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sending = _Sending(scope, send, self._headers)
        # HEAD is GET without a body: no route can treat it otherwise, or change anything by it.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else dict(scope)
        try:
            if self._public and _is_under(scope["path"], self._closed):
                raise NotFound
            check_headers(inner)
            body = await read_body(inner, receive, self._body_seconds)
            await self._run(inner, replay(body, receive), sending)
        except Refused as refused:
            response = self._answer(Request(inner), type(refused))
            response.headers["Connection"] = "close"
            await response(inner, receive, sending)
        finally:
            sending.write_log(inner)

    async def _run(self, scope: Scope, receive: Receive, send: "_Sending") -> None:
        """Run the app; what nobody caught becomes a 500 page and a log line without its text."""
        if self._running >= MAX_RUNNING:
            raise Unavailable
        self._running += 1
        try:
            await self.app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last place before the server
            log.error("request-failed", error=error, route=route_of(scope), trace=send.trace)
            if send.status:
                raise AnswerBroken from None
            refused = Unavailable if is_transient(error) else Failed
            await self._answer(Request(scope), refused)(scope, receive, send)
        finally:
            self._running -= 1


class _Sending:
    """Sends one answer with the headers that every answer has, and remembers its status."""

    def __init__(self, scope: Scope, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self.trace = secrets.token_hex(16)
        self.status = 0
        self._send = send
        self._headers = headers
        self._method = scope["method"]
        self._began = time.perf_counter()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                (b"x-request-id", self.trace.encode()),
                *((name, value) for name, value in self._headers if name not in present),
            ]
        elif self._method == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)

    def write_log(self, scope: Scope) -> None:
        """Write the route's template, never the path: it may hold a mailed token."""
        log.info(
            "answered",
            method=self._method if self._method in KNOWN_METHODS else "other",
            route=route_of(scope),
            status=self.status,
            seconds=round(time.perf_counter() - self._began, 4),
            trace=self.trace,
        )


KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def route_of(scope: Scope) -> str:
    """Give the template of the route that answered, `/{lang}/newsletter`, or `-`."""
    return getattr(scope.get("route"), "path", "-")


def _is_under(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
