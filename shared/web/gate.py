"""The one layer in front of every route: sizes, times, encodings, ids, headers, methods."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database import is_transient
from shared.errors import NotFound, Refused, Unavailable
from shared.web.headers import security_headers
from shared.web.problems import (
    AmbiguousLength,
    BodyTooLarge,
    BodyTooSlow,
    Compressed,
    Failed,
    NotUnderstood,
)

MAX_FORM_BYTES = 64 * 1024
MAX_JSON_BYTES = 256 * 1024
MAX_RUNNING = 200  # more wait nowhere: they are told to come back
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
        scope.setdefault("state", {})["request_id"] = uuid.uuid4().hex
        send = self._finishing(scope, send)
        if scope["method"] == "HEAD":
            scope["method"], send = "GET", _without_body(send)
        try:
            self._check(scope)
            body = await self._read(scope, receive)
            await self._run(scope, _replay(body, receive), send)
        except Refused as refused:
            response = self._answer(Request(scope), type(refused))
            response.headers["Connection"] = "close"
            await response(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; what nobody caught becomes a 500 page and a log line without its text."""
        begun = False

        async def watching(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        if self._running >= MAX_RUNNING:
            raise Unavailable
        self._running += 1
        try:
            await self.app(scope, receive, watching)
        except Exception as error:  # noqa: BLE001 - the last place before the server
            if begun:
                raise AnswerBroken from None
            refused = Unavailable if is_transient(error) else Failed
            await self._answer(Request(scope), refused)(scope, receive, send)
        finally:
            self._running -= 1

    def _check(self, scope: Scope) -> None:
        if "\0" in scope["path"]:
            raise NotUnderstood
        if self._public and _is_under(scope["path"], self._closed):
            raise NotFound
        headers = [name for name, _ in scope["headers"]]
        if headers.count(b"content-length") > 1 or (
            b"content-length" in headers and b"transfer-encoding" in headers
        ):
            raise AmbiguousLength
        if headers.count(b"content-type") > 1:
            raise NotUnderstood
        if _header(scope, b"content-encoding") not in {b"", b"identity"}:
            raise Compressed

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        limit = MAX_JSON_BYTES if b"json" in _header(scope, b"content-type") else MAX_FORM_BYTES
        length = _header(scope, b"content-length")
        if length.isdigit() and int(length) > limit:
            raise BodyTooLarge
        if not length and not _header(scope, b"transfer-encoding"):
            return b""
        try:
            async with asyncio.timeout(self._body_seconds):
                return await _collect(receive, limit)
        except TimeoutError:
            raise BodyTooSlow from None

    def _finishing(self, scope: Scope, send: Send) -> Send:
        request_id = scope["state"]["request_id"].encode()

        async def finishing(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id),
                    *((name, value) for name, value in self._headers if name not in present),
                ]
            await send(message)

        return finishing


async def _collect(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotUnderstood
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _without_body(send: Send) -> Send:
    async def headers_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return headers_only


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value.strip().lower() for one, value in scope["headers"] if one == name), b"")


def _is_under(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
